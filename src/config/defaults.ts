import { isIP } from 'node:net'
import { PRODUCT } from '../lib/product.js'
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

/** Defaults that depend on other settings. Later ones may depend on earlier ones. */
export const derivedDefaults: { [Name in Derived]: DerivedDefault<Config[Name]> } = {
  // A container must be reachable from outside; a laptop in a café should not be.
  HOST: {
    text: '`127.0.0.1`; in production `0.0.0.0`',
    of: (config) => (isProduction(config) ? '0.0.0.0' : '127.0.0.1'),
  },
  PUBLIC_URL: {
    text: '`http://localhost:PORT`; none in production',
    of: ({ PORT }) => `http://localhost:${PORT}`,
  },
  MAIL_FROM: {
    text: `\`${PRODUCT.title} <no-reply@…>\` at the product's e-mail domain, or the host of \`PUBLIC_URL\``,
    of: ({ PUBLIC_URL }) =>
      `${PRODUCT.title} <no-reply@${PRODUCT.emailDomain ?? mailDomain(new URL(PUBLIC_URL).hostname)}>`,
  },
  // Attackers read the documentation first.
  API_DOCS: {
    text: '`on`; in production `off`',
    of: (config) => (isProduction(config) ? 'off' : 'on'),
  },
  // A laptop that runs a build or tests is slow, but not overloaded.
  EVENT_LOOP_DELAY_LIMIT_MS: {
    text: '`0`; in production `250`',
    of: (config) => (isProduction(config) ? 250 : 0),
  },
  QUEUE_TIMEOUT_MS: {
    text: '`10000`; in production `900`',
    of: (config) => (isProduction(config) ? 900 : 10_000),
  },
  // Without TLS, the network can read links in mails that give access to accounts.
  SMTP_REQUIRE_TLS: {
    text: '`off`; in production `on`',
    of: (config) => (isProduction(config) ? 'on' : 'off'),
  },
  LOG_FILE_PATH: {
    text: '`logs/app.log`; in tests `off`',
    of: ({ NODE_ENV }) => (NODE_ENV === 'test' ? 'off' : 'logs/app.log'),
  },
  // In development, Ctrl-C should end the process at once.
  SHUTDOWN_DRAIN_SECONDS: {
    text: '`0`; in production `5`',
    of: (config) => (isProduction(config) ? 5 : 0),
  },
}

/** Mail addresses need a host name: an IP address becomes `localhost`. */
const mailDomain = (hostname: string): string =>
  isIP(hostname.replace(/[[\]]/g, '')) ? 'localhost' : hostname
