import { PRODUCT } from '../lib/product.js'
import type { FormatName } from './formats.js'

type Kind =
  | { choices: readonly string[] }
  | { integer: readonly [minimum: number, maximum: number] }
  | { format: FormatName }
  | { listOf: FormatName }

/** The definition of a setting. */
export type Setting = Kind & {
  description: string
  default?: string | number | readonly string[]
  /** May be undefined. A setting without this and without a default has one in `defaults.ts`. */
  optional?: true
  /** For the sample file. Placeholders contain `change-me`, which production refuses. */
  example?: string
  /** The value is never printed. */
  secret?: true
  requiredInProduction?: true
  /** Has no effect in the file, so it is refused there. */
  environmentOnly?: true
}

/**
 * Every setting, by its name in the environment, in the file and in code. Validation, the `Config` type
 * and the table of docs/settings.md are generated from it. Plain data, because every script and process
 * reads it at start, and loading a schema library would slow all of them.
 */
export const settings = {
  NODE_ENV: {
    choices: ['development', 'test', 'production'],
    default: 'development',
    description: 'What the process is for. In `production` it refuses to start with unsafe settings.',
  },
  CONFIG_FILE: {
    format: 'path',
    default: 'config/config.yml',
    environmentOnly: true,
    description:
      'The file to read settings from; `off` reads neither a file nor `.env`. Only the default file may be absent.',
  },
  DATA_DIR: {
    format: 'path',
    default: '.data',
    description: 'Where the embedded PostgreSQL and the development keys live.',
  },

  HOST: { format: 'host', description: 'The address to listen on.' },
  PORT: {
    integer: [0, 65_535],
    default: 3000,
    description: 'The port to listen on; 0 lets the system choose.',
  },
  PUBLIC_URL: {
    format: 'public-url',
    example: 'https://change-me.example.com',
    requiredInProduction: true,
    description:
      'The address at which clients reach the API, for links in mails and as the issuer of tokens. It has a path if a proxy strips one.',
  },
  FRONTEND_URL: {
    format: 'public-url',
    optional: true,
    example: 'https://change-me.example.com',
    description:
      'Where the links in mails lead: a front end of your own. Without it, the pages of the server.',
  },
  SECURITY_CONTACT: {
    listOf: 'contact',
    default: [],
    description:
      'Where to report a vulnerability, in `/.well-known/security.txt` (RFC 9116): `mailto:`, `https:` or `tel:` addresses. Without it, there is no such file.',
  },
  CHANGE_PASSWORD_URL: {
    format: 'page-url',
    optional: true,
    example: 'https://change-me.example.com/account/password',
    description:
      'Where `/.well-known/change-password` leads: a page of your own front end. Without it, the page `/forgot-password`.',
  },
  TRUST_PROXY: {
    listOf: 'proxy-range',
    default: [],
    description: 'The proxies whose `X-Forwarded-*` headers are trusted: addresses or CIDR ranges.',
  },
  CORS_ORIGINS: {
    listOf: 'origin',
    default: [],
    description: 'The origins whose pages may call the API. `*` means all of them; production refuses it.',
  },
  BODY_LIMIT_BYTES: {
    integer: [1024, 104_857_600],
    default: 1_048_576,
    description: 'The largest request body that is accepted.',
  },
  API_DOCS: {
    choices: ['on', 'off'],
    description: 'The documentation of the API at `/api-docs`, without sign-in.',
  },
  RATE_LIMIT: {
    choices: ['on', 'off'],
    default: 'on',
    description: '`off` turns the rate limits off; production refuses it.',
  },
  RATE_LIMIT_KEY_PREFIX: {
    format: 'key-prefix',
    optional: true,
    example: 'change-me:limit:',
    description:
      'What the keys of the rate limits in Redis begin with. Without it, `REDIS_KEY_PREFIX` and `:limit:`.',
  },
  REQUEST_TIMEOUT_SECONDS: {
    integer: [1, 3600],
    default: 30,
    description: 'How long a client may take to send a request, of which at most 10 seconds for its headers.',
  },
  KEEP_ALIVE_TIMEOUT_SECONDS: {
    integer: [1, 3600],
    default: 72,
    description:
      'How long a connection is kept open without a request: longer than the proxy in front keeps it, or the proxy returns 502s.',
  },
  STALLED_READER_SECONDS: {
    integer: [1, 3600],
    default: 60,
    description:
      'How long a client may read nothing of a response before its connection is closed. A client that reads slowly keeps it.',
  },
  UNREAD_ANSWERS_MAX_MB: {
    integer: [1, 65_536],
    default: 128,
    description:
      'How much of large responses may wait in memory for slow readers, a quarter of it for one caller. Above that, large responses are a 503.',
  },
  EXPORTS_PER_USER: {
    integer: [1, 1000],
    default: 2,
    description: 'How many exports one user may run at once, in one process.',
  },
  EXPORTS_MAX: {
    integer: [1, 1000],
    default: 8,
    description: 'How many exports one process serves at once; one more is a 503.',
  },
  EVENT_LOOP_DELAY_LIMIT_MS: {
    integer: [0, 60_000],
    description: 'Requests get a 503 while the event loop delay is above this; 0 refuses none.',
  },
  QUEUE_TIMEOUT_MS: {
    integer: [1, 60_000],
    description:
      'How long a request waits for a database connection of the pool, and for its turn to hash a password, before it gets a 503.',
  },
  SHUTDOWN_DRAIN_SECONDS: {
    integer: [0, 300],
    description:
      'How long to keep serving after a stop signal, so that load balancers see `/readyz` fail first.',
  },

  DATABASE_URL: {
    format: 'postgres-url',
    optional: true,
    example: 'postgres://app_user:change-me@localhost:5432/app',
    secret: true,
    requiredInProduction: true,
    description:
      'PostgreSQL, as the role that the application runs as ([the URL](deployment.md#database_url)). Without it, the embedded PostgreSQL.',
  },
  DATABASE_DIRECT_URL: {
    format: 'postgres-url',
    optional: true,
    example: 'postgres://app_user:change-me@localhost:5432/app',
    secret: true,
    description:
      'The same database and role without a pooler, if `DATABASE_URL` leads to one in transaction mode ([scaling.md](scaling.md#a-pooler-in-between)). Without it, `DATABASE_URL`.',
  },
  DATABASE_MIGRATION_URL: {
    format: 'postgres-url',
    optional: true,
    example: 'postgres://app_owner:change-me@localhost:5432/app',
    secret: true,
    description:
      'The same database as the role that owns the tables and migrates, never through a pooler in transaction mode. Without it, `DATABASE_DIRECT_URL`.',
  },
  DATABASE_POOL_MAX: {
    integer: [1, 1000],
    default: 10,
    description: 'The most connections that one process opens.',
  },
  DATABASE_ISOLATION_LEVEL: {
    choices: ['read committed', 'repeatable read', 'serializable'],
    default: 'read committed',
    description: 'The isolation level of transactions.',
  },
  DATABASE_CONNECT_TIMEOUT_MS: {
    integer: [1, 60_000],
    default: 5000,
    description: 'How long to wait for a connection to open.',
  },
  DATABASE_STATEMENT_TIMEOUT_MS: {
    integer: [1, 600_000],
    default: 15_000,
    description: 'PostgreSQL cancels a statement that runs longer.',
  },
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: {
    integer: [1, 600_000],
    default: 30_000,
    description: 'PostgreSQL ends a session that is idle inside a transaction for longer.',
  },

  REDIS_URL: {
    format: 'redis-url',
    optional: true,
    example: 'redis://:change-me@localhost:6379',
    secret: true,
    requiredInProduction: true,
    description:
      'Redis, for jobs and rate limits: one server, a cluster or sentinels ([deployment.md](deployment.md#redis_url)). Without it, jobs on PostgreSQL and limits in memory.',
  },
  REDIS_KEY_PREFIX: {
    format: 'key-prefix',
    optional: true,
    example: 'change-me',
    description:
      'What every key in Redis begins with, different for each deployment that shares it. Without it, a name derived from the identity of the database, so only exact copies of its files need one ([jobs.md](jobs.md#one-redis-for-several-deployments)).',
  },
  WORKER_CONCURRENCY: {
    integer: [1, 1000],
    default: 5,
    description: 'How many jobs one worker process runs at a time.',
  },
  JOBS_DASHBOARD: {
    choices: ['off', 'read-only', 'read-write'],
    default: 'read-only',
    description:
      'The dashboard of jobs at `/admin/queues`, for super_admins. `read-write` also lets them retry and discard failed jobs.',
  },

  SMTP_URL: {
    format: 'smtp-url',
    optional: true,
    example: 'smtp://user:change-me@localhost:587',
    secret: true,
    requiredInProduction: true,
    description: 'The server that sends mail. Without it, the development inbox at `/dev/mail`.',
  },
  SMTP_REQUIRE_TLS: {
    choices: ['on', 'off'],
    description:
      'Whether mail to an `smtp:` server requires an encrypted connection (STARTTLS). `off` also sends it in the clear, to a server on the same machine or network.',
  },
  MAIL_FROM: {
    format: 'mailbox',
    example: `${PRODUCT.title} <no-reply@change-me.example.com>`,
    description: 'The sender of mails.',
  },

  JWT_PRIVATE_KEYS: {
    format: 'private-keys',
    optional: true,
    example: 'change-me to what npm run jwt:key prints',
    secret: true,
    requiredInProduction: true,
    description:
      'The private keys of access tokens, as PEM, JWK or the base64 of either; `npm run jwt:key` creates one. The first signs, all verify. Without it, one is created and kept in `DATA_DIR`.',
  },
  ACCESS_TOKEN_TTL_SECONDS: {
    integer: [1, 86_400],
    default: 900,
    description: 'How long an access token is valid.',
  },
  REFRESH_TOKEN_TTL_SECONDS: {
    integer: [1, 31_536_000],
    default: 2_592_000,
    description: 'How long a refresh token is valid, and so how long a session may be idle.',
  },
  REFRESH_TOKEN_GRACE_SECONDS: {
    integer: [0, 300],
    default: 10,
    description: 'How long after its use a refresh token still returns its successor, for lost responses.',
  },
  SESSION_TTL_SECONDS: {
    integer: [1, 31_536_000],
    default: 7_776_000,
    description: 'When a session ends, even if it is in use.',
  },
  SESSIONS_PER_USER_MAX: {
    integer: [1, 10_000],
    default: 50,
    description: 'The most sessions of one user at a time; one more ends the oldest.',
  },
  VERIFICATION_TOKEN_TTL_SECONDS: {
    integer: [1, 2_592_000],
    default: 86_400,
    description: 'How long a mailed link that confirms an address is valid.',
  },
  RESET_TOKEN_TTL_SECONDS: {
    integer: [1, 86_400],
    default: 1800,
    description: 'How long a mailed link that resets a password is valid.',
  },
  INVITATION_TOKEN_TTL_SECONDS: {
    integer: [1, 2_592_000],
    default: 604_800,
    description: 'How long a mailed invitation link is valid.',
  },
  ARGON2_MEMORY_KIB: {
    integer: [19_456, 1_048_576],
    default: 19_456,
    description:
      "The memory that hashing a password takes. The default is OWASP's minimum; each sign-in upgrades older hashes.",
  },
  ARGON2_PASSES: {
    integer: [2, 20],
    default: 2,
    description: 'The passes over that memory.',
  },
  BREACHED_PASSWORDS_URL: {
    format: 'public-url',
    optional: true,
    example: 'https://change-me.example.com/range',
    description:
      'The range API of Have I Been Pwned (`https://api.pwnedpasswords.com/range`) or a copy of it: new passwords that it lists are refused. Only five digits of a hash leave the server. While it does not respond, passwords are accepted.',
  },
  SIGN_IN_WAIT_SECONDS: {
    integer: [1, 86_400],
    default: 30,
    description:
      'How long an account has to wait after five wrong passwords in a row; each further one doubles it.',
  },
  SIGN_IN_WAIT_MAX_SECONDS: {
    integer: [1, 86_400],
    default: 900,
    description: 'The longest such wait.',
  },

  AUDIT_SIGNING_KEY: {
    format: 'audit-signing-key',
    optional: true,
    example: 'change-me to what npm run audit:keys prints',
    secret: true,
    description:
      'The key that seals the audit log, as PEM, JWK or the base64 of either; `npm run audit:keys` creates one. Without it, one is created and kept in `DATA_DIR`; in production nothing is sealed.',
  },
  AUDIT_PUBLIC_KEYS: {
    format: 'audit-public-keys',
    optional: true,
    example: 'change-me to the public keys that npm run audit:keys prints',
    // Public keys are no secret, but someone may set a private one by mistake.
    secret: true,
    description:
      'The public halves of earlier signing keys, separated by commas, for `npm run audit:verify`; auditors need no others.',
  },
  AUDIT_RETENTION_MONTHS: {
    integer: [1, 1200],
    optional: true,
    description:
      'How many whole months of the audit log are kept, besides the current one. Without it, all of them. `npm run db:upgrade` applies it.',
  },

  METRICS_PORT: {
    integer: [0, 65_535],
    optional: true,
    description:
      'The port on which the API serves its metrics at `/metrics`; 0 lets the system choose. Without it, they are on `PORT` if there is a `METRICS_TOKEN`, otherwise nowhere.',
  },
  WORKER_METRICS_PORT: {
    integer: [0, 65_535],
    optional: true,
    description: 'The same for the worker, which has no other port.',
  },
  METRICS_HOST: {
    format: 'host',
    default: '127.0.0.1',
    description:
      'The address of these ports. Open them to Prometheus only. Beyond this machine, production requires a `METRICS_TOKEN`.',
  },
  METRICS_TOKEN: {
    format: 'metrics-token',
    optional: true,
    example: 'change-me-to-what-openssl-rand-hex-32-prints',
    secret: true,
    description: 'The token that `/metrics` requires as `Authorization: Bearer …`, on any port.',
  },

  LOG_LEVEL: {
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    description: 'The lowest level that is logged. Production refuses `trace` and `debug`.',
  },
  LOG_DELAY_MS: {
    integer: [0, 1000],
    default: 10,
    description:
      'How long lines below `warn` may wait to be written together; `0` writes each at once. A killed process loses the waiting lines.',
  },
  LOG_FILE_PATH: {
    format: 'file-path',
    description: 'The log file, in addition to standard output; `off` writes none.',
  },
  LOG_FILE_ROTATION: {
    choices: ['hourly', 'daily', 'off'],
    default: 'daily',
    description: 'How often a new log file is begun; `off` leaves age and size to logrotate.',
  },
  LOG_FILE_MAX_MB: {
    integer: [1, 10_240],
    default: 50,
    description: 'The size at which a new log file is begun.',
  },
  LOG_FILE_MAX_COUNT: {
    integer: [1, 1000],
    default: 14,
    description: 'How many older log files are kept in addition to the current one.',
  },

  OTEL_SDK_DISABLED: {
    choices: ['true', 'false'],
    default: 'false',
    environmentOnly: true,
    description: '`true` turns tracing off and overrides the other settings.',
  },
  OTEL_TRACES_EXPORTER: {
    choices: ['otlp', 'none'],
    optional: true,
    environmentOnly: true,
    description:
      '`otlp` turns tracing on, by default with `http://localhost:4318` as the endpoint; `none` turns it off.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    format: 'collector-url',
    optional: true,
    environmentOnly: true,
    secret: true,
    description:
      'Turns tracing on, and sends spans to `/v1/traces` below this address. Other `OTEL_*` variables work as OpenTelemetry defines them.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    format: 'collector-url',
    optional: true,
    environmentOnly: true,
    secret: true,
    description: 'The same, as the complete address.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    choices: ['http/protobuf'],
    default: 'http/protobuf',
    environmentOnly: true,
    description: 'The protocol that sends spans.',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: {
    choices: ['http/protobuf'],
    default: 'http/protobuf',
    environmentOnly: true,
    description: 'The same.',
  },
} as const satisfies Record<string, Setting>

type Settings = typeof settings
export type SettingName = keyof Settings
type OptionalName = { [N in SettingName]: Settings[N] extends { optional: true } ? N : never }[SettingName]

type ValueOf<S> = S extends { choices: readonly (infer Choice)[] }
  ? Choice
  : S extends { integer: unknown }
    ? number
    : S extends { listOf: unknown }
      ? string[]
      : string

/** The values of all settings. Only those marked `optional` may be undefined. */
export type Config = {
  readonly [N in Exclude<SettingName, OptionalName>]: ValueOf<Settings[N]>
} & {
  readonly [N in OptionalName]?: ValueOf<Settings[N]>
}

export const settingNames = Object.keys(settings) as SettingName[]

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name)

/** The definition of a setting, with all optional fields. */
export const settingOf = (name: SettingName): Setting => settings[name]
