import { DatabaseUrlError } from './error.js'

const NUMBER = /^\d{1,9}$/
const FLAG = /^[01]$/

/** The parameters that are heeded, and what they may be. */
const HEEDED = {
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

export type Parameter = keyof typeof HEEDED

/** What Node.js has no means for, and what changes nothing that is promised. */
const IGNORED = [
  'fallback_application_name',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslcertmode',
]

type Read = { values: Partial<Record<Parameter, string>>; ignored: string[] }

/** @throws DatabaseUrlError that names a parameter and never what it is set to */
export function readParameters(query: string): Read {
  const values: Read['values'] = {}
  const ignored: string[] = []
  for (const [name, value] of splitQuery(query)) {
    if (isHeeded(name)) values[name] = checked(name, value)
    else if (IGNORED.includes(name)) ignored.push(name)
    else refuse(name, value)
  }
  return { values, ignored }
}

const isHeeded = (name: string): name is Parameter => Object.hasOwn(HEEDED, name)

/** A plus is no space, as it is none to libpq. */
function splitQuery(query: string): [name: string, value: string][] {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=')
    return [decode(name), decode(rest.join('='))]
  })
}

function checked(name: Parameter, value: string): string {
  const allowed: RegExp | readonly string[] | undefined = HEEDED[name]
  if (allowed === undefined) return value
  if (allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value)) return value
  const expected = allowed instanceof RegExp ? 'another value' : `one of ${allowed.join(', ')}`
  throw new DatabaseUrlError(`must have ${expected} for its parameter ${name}`)
}

/** Where the password holds a question mark, what follows it is no parameter, and not to be shown. */
function refuse(name: string, value: string): never {
  if (!/^[a-z_]{1,40}$/i.test(name) || value.includes('@')) throw DatabaseUrlError.notEncoded()
  throw new DatabaseUrlError(
    `has the parameter ${name}, which is not understood: leave it out (docs/deployment.md lists those that are)`,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw DatabaseUrlError.notEncoded()
  }
}
