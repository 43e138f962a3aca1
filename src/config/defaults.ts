import { isIP } from 'node:net'
import type { Config } from './settings.js'

type Derived =
  | 'HOST'
  | 'PUBLIC_URL'
  | 'API_DOCS'
  | 'EVENT_LOOP_DELAY_LIMIT_MS'
  | 'QUEUE_TIMEOUT_MS'
  | 'SMTP_REQUIRE_TLS'
  | 'MAIL_FROM'
  | 'LOG_FILE_PATH'
  | 'SHUTDOWN_DRAIN_SECONDS'
type DerivedDefault<T> = { text: string; of: (config: Config) => T }

const isProduction = ({ NODE_ENV }: Config): boolean => NODE_ENV === 'production'

/** Defaults that depend on other settings, in the order in which they can be worked out. */
export const derivedDefaults: { [Name in Derived]: DerivedDefault<Config[Name]> } = {
  // A container has to listen on its outer address; a laptop in a café should not.
  HOST: {
    text: '`127.0.0.1`; in production `0.0.0.0`',
    of: (config) => (isProduction(config) ? '0.0.0.0' : '127.0.0.1'),
  },
  PUBLIC_URL: {
    text: '`http://localhost:PORT`; none in production',
    of: ({ PORT }) => `http://localhost:${PORT}`,
  },
  MAIL_FROM: {
    text: '`Groundwork <no-reply@…>` at the host of `PUBLIC_URL`',
    of: ({ PUBLIC_URL }) => `Groundwork <no-reply@${mailDomain(new URL(PUBLIC_URL).hostname)}>`,
  },
  // Whoever attacks reads it first.
  API_DOCS: {
    text: '`on`; in production `off`',
    of: (config) => (isProduction(config) ? 'off' : 'on'),
  },
  // A laptop that is busy with a build, or with tests, is slow and not overloaded.
  EVENT_LOOP_DELAY_LIMIT_MS: {
    text: '`0`; in production `250`',
    of: (config) => (isProduction(config) ? 250 : 0),
  },
  QUEUE_TIMEOUT_MS: {
    text: '`10000`; in production `900`',
    of: (config) => (isProduction(config) ? 900 : 10_000),
  },
  // Without it, a network between the two can read the links that open accounts.
  SMTP_REQUIRE_TLS: {
    text: '`off`; in production `on`',
    of: (config) => (isProduction(config) ? 'on' : 'off'),
  },
  LOG_FILE_PATH: {
    text: '`logs/app.log`; in tests `off`',
    of: ({ NODE_ENV }) => (NODE_ENV === 'test' ? 'off' : 'logs/app.log'),
  },
  SHUTDOWN_DRAIN_SECONDS: {
    text: '`0`; in production `5`',
    of: (config) => (isProduction(config) ? 5 : 0),
  },
}

/** Nobody waits for Ctrl-C, and no mail comes from a bare address. */
const mailDomain = (hostname: string): string =>
  isIP(hostname.replace(/[[\]]/g, '')) ? 'localhost' : hostname
