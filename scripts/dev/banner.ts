import type { Config } from '../../src/config/index.js'
import type { OpenDatabase } from '../../src/db/lifecycle/open.js'
import { parseDatabaseUrl } from '../../src/lib/database-url/index.js'
import type { FirstAdmin } from './first-admin.js'

type Line = [label: string, value: string] | false

/** Says where everything is. The only place that shows the password of a new `admin`. */
export function banner(
  config: Config,
  address: string,
  database: Pick<OpenDatabase, 'migrationUrl' | 'embedded'>,
  admin: FirstAdmin | undefined,
): string {
  const origin = withLocalhost(address)
  const places = linesOf([
    ['API', `${origin}/api/v1`],
    config.API_DOCS === 'on' && ['API docs', `${origin}/api-docs`],
    config.SMTP_URL === undefined && ['Inbox', `${origin}/dev/mail`],
    config.JOBS_DASHBOARD !== 'off' && ['Jobs', `${origin}/admin/queues`],
    ['Database', psqlCommand(database)],
    config.LOG_FILE_PATH !== 'off' && ['Log file', config.LOG_FILE_PATH],
  ])
  if (!admin) return `\n${places}`
  const credentials = linesOf([
    ['E-mail', admin.email],
    ['Password', admin.password],
  ])
  return `\n${places}\n  The first super_admin, whose password is shown only this once:\n\n${credentials}`
}

const linesOf = (lines: readonly Line[]): string =>
  lines
    .filter((line) => line !== false)
    .map(([label, value]) => `  ${label.padEnd(10)}${value}\n`)
    .join('')

/** Forms are accepted from the origin of `PUBLIC_URL`, which by default has this name. */
const withLocalhost = (address: string): string =>
  address.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:|$)/, '//localhost')

/** Shows the password of the embedded database only: that of another one is the developer's secret. */
function psqlCommand({ migrationUrl, embedded }: Pick<OpenDatabase, 'migrationUrl' | 'embedded'>): string {
  const { user, password = '', places, database } = parseDatabaseUrl(migrationUrl)
  const credentials = [user, ...(embedded ? [password] : [])].map(encode).join(':')
  const hosts = places.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : encode(host)}:${port}`)
  // Without a scope, row-level security hides the rows of all organizations, also from the owner.
  const options = encode('-c app.scope=platform')
  return `psql 'postgres://${credentials}@${hosts.join(',')}/${encode(database)}?options=${options}'`
}

/** Also encodes the quote, which would end the argument in a shell. */
const encode = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27')
