import Type, { type Static } from 'typebox'

/** What a setting's schema says beyond JSON Schema; `settings-table.ts` and `load.ts` read it. */
export type Notes = {
  description: string
  default?: string | number | readonly string[]
  /** Shown in the sample. It holds `change-me`, and production refuses every value that does. */
  example?: string
  /** Its value is never printed. */
  secret?: true
  requiredInProduction?: true
  /** Means nothing inside the file, so it is refused there. */
  environmentOnly?: true
}

const notes = (given: Notes): Notes => given

const milliseconds = (given: Notes & { maximum: number }) => Type.Integer({ minimum: 1, ...given })

/**
 * Every setting, under the one name it has in the environment, in the file and in code.
 * Validation, the `Config` type and the README's table come from here.
 */
export const settings = Type.Object({
  NODE_ENV: Type.Enum(
    ['development', 'test', 'production'],
    notes({
      description: 'What the process is for. `production` refuses to start with unsafe settings.',
      default: 'development',
    }),
  ),
  CONFIG_FILE: Type.String(
    notes({
      description: 'The file to read settings from; `off` reads none. Only the default may be absent.',
      default: 'config/config.yml',
      environmentOnly: true,
    }),
  ),
  DATA_DIR: Type.String(
    notes({ description: 'Where the embedded PostgreSQL and the development keys live.', default: '.data' }),
  ),

  HOST: Type.String({ format: 'host', ...notes({ description: 'The address to listen on.' }) }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65535,
    ...notes({ description: 'The port to listen on; 0 lets the system choose.', default: 3000 }),
  }),
  PUBLIC_URL: Type.String({
    format: 'public-url',
    ...notes({
      description: 'The address under which clients reach the API, for links in mails and for token issuers.',
      example: 'https://change-me.example.com',
      requiredInProduction: true,
    }),
  }),
  TRUST_PROXY: Type.Array(
    Type.String({ format: 'proxy-range' }),
    notes({
      description: 'The proxies whose `X-Forwarded-*` headers are believed: addresses or CIDR ranges.',
      default: [],
    }),
  ),
  CORS_ORIGINS: Type.Array(
    Type.String({ format: 'origin' }),
    notes({
      description: 'The origins whose pages may call the API. `*` means every one; production refuses it.',
      default: [],
    }),
  ),
  BODY_LIMIT_BYTES: Type.Integer({
    minimum: 1024,
    maximum: 100 * 1024 * 1024,
    ...notes({ description: 'The largest request body that is accepted.', default: 1024 * 1024 }),
  }),
  RATE_LIMIT: Type.Enum(
    ['on', 'off'],
    notes({ description: '`off` lifts the rate limits; production refuses it.', default: 'on' }),
  ),
  SHUTDOWN_DRAIN_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 300,
    ...notes({
      description:
        'How long to serve on after a stop signal, so that load balancers see `/readyz` fail first.',
    }),
  }),

  DATABASE_URL: Type.Optional(
    Type.String({
      format: 'postgres-url',
      ...notes({
        description: 'PostgreSQL, as the role the application runs as. Without it, the embedded PostgreSQL.',
        example: 'postgres://groundwork_app:change-me@localhost:5432/groundwork',
        secret: true,
        requiredInProduction: true,
      }),
    }),
  ),
  DATABASE_MIGRATION_URL: Type.Optional(
    Type.String({
      format: 'postgres-url',
      ...notes({
        description:
          'The same database as the role that owns the tables and migrates. Without it, `DATABASE_URL`.',
        example: 'postgres://groundwork_owner:change-me@localhost:5432/groundwork',
        secret: true,
      }),
    }),
  ),
  DATABASE_POOL_MAX: Type.Integer({
    minimum: 1,
    maximum: 1000,
    ...notes({ description: 'The most connections that one process opens.', default: 10 }),
  }),
  DATABASE_ISOLATION_LEVEL: Type.Enum(
    ['read committed', 'repeatable read', 'serializable'],
    notes({ description: 'The isolation level of transactions.', default: 'read committed' }),
  ),
  DATABASE_CONNECT_TIMEOUT_MS: milliseconds({
    description: 'How long to wait for a connection to open.',
    default: 5000,
    maximum: 60_000,
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds({
    description: 'PostgreSQL ends a statement that runs longer.',
    default: 15_000,
    maximum: 600_000,
  }),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: milliseconds({
    description: 'PostgreSQL ends a session that idles inside a transaction for longer.',
    default: 30_000,
    maximum: 600_000,
  }),

  REDIS_URL: Type.Optional(
    Type.String({
      format: 'redis-url',
      ...notes({
        description: 'Redis, for jobs and rate limits. Without it, jobs on PostgreSQL and limits in memory.',
        example: 'redis://:change-me@localhost:6379',
        secret: true,
        requiredInProduction: true,
      }),
    }),
  ),

  SMTP_URL: Type.Optional(
    Type.String({
      format: 'smtp-url',
      ...notes({
        description: 'The server that sends mail. Without it, the development inbox at `/dev/mail`.',
        example: 'smtp://user:change-me@localhost:587',
        secret: true,
        requiredInProduction: true,
      }),
    }),
  ),
  MAIL_FROM: Type.String({
    format: 'mailbox',
    ...notes({ description: 'The sender of mails.', example: 'Groundwork <no-reply@change-me.example.com>' }),
  }),

  JWT_PRIVATE_KEYS: Type.Optional(
    Type.String({
      format: 'private-keys',
      ...notes({
        description:
          'The keys of access tokens, as PEM, JWK or the base64 of either; `npm run jwt:key` makes one. The first signs, all verify. Without it, keys are made once and kept in `DATA_DIR`.',
        example: 'change-me to what npm run jwt:key prints',
        secret: true,
        requiredInProduction: true,
      }),
    }),
  ),
  ACCESS_TOKEN_TTL_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    ...notes({ description: 'How long an access token is valid.', default: 900 }),
  }),

  LOG_LEVEL: Type.Enum(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    notes({
      description: 'The least level that is logged. Production refuses `trace` and `debug`.',
      default: 'info',
    }),
  ),
  LOG_FILE_PATH: Type.String({
    format: 'file-path',
    ...notes({ description: 'The log file, beside standard output; `off` writes none.' }),
  }),
  LOG_FILE_ROTATION: Type.Enum(
    ['hourly', 'daily'],
    notes({ description: 'The age at which a new log file is begun.', default: 'daily' }),
  ),
  LOG_FILE_MAX_MB: Type.Integer({
    minimum: 1,
    maximum: 10_240,
    ...notes({ description: 'The size at which a new log file is begun.', default: 50 }),
  }),
  LOG_FILE_MAX_COUNT: Type.Integer({
    minimum: 1,
    maximum: 1000,
    ...notes({ description: 'How many log files are kept; the oldest are removed.', default: 14 }),
  }),
})

export type Config = Readonly<Static<typeof settings>>
export type SettingName = keyof typeof settings.properties

export const settingNames = Object.keys(settings.properties) as SettingName[]

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings.properties, name)

/** The JSON Schema keywords in use, and the notes. */
export type Setting = Notes & {
  type?: 'string' | 'integer' | 'array'
  enum?: readonly string[]
  format?: string
  items?: { format: string }
  minimum?: number
  maximum?: number
}

export const settingOf = (name: SettingName): Setting => settings.properties[name] as unknown as Setting
