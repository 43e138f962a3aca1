import { DatabaseUrlError } from './error.js'

const NUMBER = /^\d{1,9}$/
const FLAG = /^[01]$/

/** The supported parameters and their allowed values; undefined allows any. */
const SUPPORTED = {
  host: undefined,
  port: /^[\d,]*$/,
  user: undefined,
  password: undefined,
  dbname: undefined,
  sslmode: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'],
  ssl: ['true'],
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
  sslpassword: undefined,
  sslnegotiation: ['postgres', 'direct'],
  sslsni: FLAG,
  channel_binding: ['disable', 'prefer', 'require'],
  application_name: undefined,
  connect_timeout: NUMBER,
  options: undefined,
  target_session_attrs: ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'],
  keepalives: FLAG,
  keepalives_idle: NUMBER,
  client_encoding: /^(utf-?8|auto)$/i,
  gssencmode: ['disable', 'prefer'],
} satisfies Record<string, RegExp | readonly string[] | undefined>

export type Parameter = keyof typeof SUPPORTED

/** Parameters of libpq that Node.js cannot implement, or that make no difference here. */
const IGNORED = [
  'fallback_application_name',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslcertmode',
]

type Parameters = { values: Partial<Record<Parameter, string>>; ignored: string[] }

/**
 * @throws {DatabaseUrlError} when a parameter is not supported or its value not allowed; never quotes
 * values
 */
export function readParameters(query: string): Parameters {
  const values: Parameters['values'] = {}
  const ignored: string[] = []
  for (const [name, value] of splitQuery(query)) {
    if (isSupported(name)) values[name] = checked(name, value)
    else if (IGNORED.includes(name)) ignored.push(name)
    else refuse(name, value)
  }
  return { values, ignored }
}

const isSupported = (name: string): name is Parameter => Object.hasOwn(SUPPORTED, name)

/** Unlike in web forms, a plus is not a space. libpq does the same. */
function splitQuery(query: string): [name: string, value: string][] {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=')
    return [decode(name), decode(rest.join('='))]
  })
}

function checked(name: Parameter, value: string): string {
  const allowed: RegExp | readonly string[] | undefined = SUPPORTED[name]
  if (allowed === undefined) return value
  if (allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value)) return value
  const expected = allowed instanceof RegExp ? 'another value' : `one of ${allowed.join(', ')}`
  throw new DatabaseUrlError(`must have ${expected} for its parameter ${name}`)
}

/**
 * An unencoded question mark in the password makes its rest look like a parameter, which must not be
 * shown.
 */
function refuse(name: string, value: string): never {
  if (!/^[a-z_]{1,40}$/i.test(name) || value.includes('@')) throw DatabaseUrlError.notEncoded()
  throw new DatabaseUrlError(
    `has the parameter ${name}, which is not supported: remove it (docs/deployment.md lists the supported ones)`,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw DatabaseUrlError.notEncoded()
  }
}
