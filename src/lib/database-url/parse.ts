import { userInfo } from 'node:os'
import { DatabaseUrlError } from './error.js'
import { type Parameter, readParameters } from './parameters.js'

/** Where `host` begins with a slash it is the directory of a Unix socket. */
export type Place = { host: string; port: number }

export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export type SslSettings = {
  mode: SslMode
  /** A file of certificates; undefined where those count that Node.js trusts. */
  rootCert: string | undefined
  /** Files of the client's own certificate and its key. */
  cert: string | undefined
  key: string | undefined
  keyPassphrase: string | undefined
  /** Without asking first whether the server has TLS. */
  isDirect: boolean
  /** Whether the server is sent the name it is reached by. */
  sendsName: boolean
}

export type TargetSession = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby'

/** What a database URL says, whichever driver is to be connected. */
export type DatabaseTarget = {
  places: readonly [Place, ...Place[]]
  user: string
  password: string | undefined
  database: string
  ssl: SslSettings
  session: TargetSession
  applicationName: string | undefined
  /** 0: no limit. Undefined: the caller's. */
  connectTimeoutS: number | undefined
  /** For the server, such as `-c search_path=mine`. */
  options: string | undefined
  /** How long a connection idles before TCP asks whether the other end is there; 0: never. */
  keepAliveS: number
  /** Parameters that libpq heeds and that can have no effect here. */
  ignored: readonly string[]
}

const DEFAULT_PORT = 5432
const DEFAULT_KEEP_ALIVE_S = 60

/**
 * Reads a database URL as libpq does, of which each driver knows another part: postgres.js takes any parameter for a setting
 * of the server, pg-connection-string reads one host and gives `sslmode` other meanings, and both end in errors that hold
 * the URL. Unlike libpq it takes the last `@` for the end of the password, as role names such as `app@project.iam` have one.
 * @throws DatabaseUrlError
 */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  const parts = splitUrl(url)
  const { values, ignored } = readParameters(parts.query)
  const credentials = readCredentials(parts.credentials)
  const user = values.user || credentials.user || userInfo().username
  const places = readPlaces(parts.hosts, values)
  return {
    places,
    user,
    password: values.password ?? credentials.password,
    database: values.dbname || decode(parts.database) || user,
    ssl: readSsl(values, places),
    session: (values.target_session_attrs ?? 'any') as TargetSession,
    applicationName: values.application_name || undefined,
    connectTimeoutS: values.connect_timeout === undefined ? undefined : Number(values.connect_timeout),
    options: values.options || undefined,
    keepAliveS: values.keepalives === '0' ? 0 : Number(values.keepalives_idle || DEFAULT_KEEP_ALIVE_S),
    ignored,
  }
}

type UrlParts = { credentials: string | undefined; hosts: string; database: string; query: string }

/** The parts as they stand there, so that one can be changed and the rest kept. */
export function splitUrl(url: string): UrlParts {
  const [, authority = '', path = '', query = ''] =
    /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url) ?? refuse()
  const end = authority.lastIndexOf('@')
  // A slash in the password ends the authority before its end.
  if (path.includes('@')) refuse()
  return {
    credentials: end === -1 ? undefined : authority.slice(0, end),
    hosts: authority.slice(end + 1),
    database: path,
    query,
  }
}

function readCredentials(text: string | undefined): { user?: string; password?: string } {
  if (text === undefined) return {}
  const colon = text.indexOf(':')
  if (colon === -1) return { user: decode(text) }
  return { user: decode(text.slice(0, colon)), password: decode(text.slice(colon + 1)) }
}

type Values = Partial<Record<Parameter, string>>

/** Of the authority, else of the parameters. A single port is that of every host. */
function readPlaces(hosts: string, values: Values): DatabaseTarget['places'] {
  const named = hosts === '' ? readList(values) : hosts.split(',').map(readHost)
  const places = named.map(({ host, port }) => {
    const number = Number(port ?? DEFAULT_PORT)
    if (!/^\d+$/.test(port ?? '1') || number < 1 || number > 65_535) refuse()
    return { host: host || 'localhost', port: number }
  })
  const [first, ...others] = places
  return first ? [first, ...others] : refuse()
}

type Named = { host: string; port: string | undefined }

function readHost(text: string): Named {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^:[\]]*))(?::(\d*))?$/i.exec(text) ?? refuse()
  return { host: bracketed ?? decode(plain ?? ''), port: port || undefined }
}

function readList({ host = '', port = '' }: Values): Named[] {
  const ports = port.split(',')
  const hosts = host.split(',')
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new DatabaseUrlError('must have one port in its parameter port, or as many as hosts')
  }
  return hosts.map((one, i) => ({ host: one, port: (ports.length > 1 ? ports[i] : port) || undefined }))
}

function readSsl(values: Values, places: readonly Place[]): SslSettings {
  const rootCert = values.sslrootcert === 'system' ? undefined : values.sslrootcert || undefined
  const settings = {
    mode: readMode(values, rootCert),
    rootCert,
    cert: values.sslcert || undefined,
    key: values.sslkey || undefined,
    keyPassphrase: values.sslpassword || undefined,
    isDirect: values.sslnegotiation === 'direct',
    sendsName: values.sslsni !== '0',
  }
  if ((settings.cert === undefined) !== (settings.key === undefined)) {
    throw new DatabaseUrlError('must have both sslcert and sslkey, or neither')
  }
  if (settings.isDirect && (settings.mode === 'disable' || settings.mode === 'prefer')) {
    throw new DatabaseUrlError('must have sslmode=require or stronger beside sslnegotiation=direct')
  }
  const isLocal = places.every(({ host }) => host.startsWith('/'))
  return isLocal ? { ...settings, mode: 'disable' } : settings
}

const WEAK_MODES = ['disable', 'allow', 'prefer']

/** Without a mode there is no TLS, as there is none of both drivers' own accord. */
function readMode(values: Values, rootCert: string | undefined): SslMode {
  const given = values.sslmode ?? (values.ssl === 'true' ? 'require' : undefined)
  const isSystem = values.sslrootcert === 'system'
  const bindsChannel = values.channel_binding === 'require'
  if (isSystem && (given ?? 'verify-full') !== 'verify-full') {
    throw new DatabaseUrlError('must have sslmode=verify-full beside sslrootcert=system')
  }
  if (bindsChannel && given !== undefined && WEAK_MODES.includes(given)) {
    throw new DatabaseUrlError('must have sslmode=require or stronger beside channel_binding=require')
  }
  if (given === 'verify-ca' && rootCert === undefined) {
    throw new DatabaseUrlError('must have sslrootcert beside sslmode=verify-ca')
  }
  // Encrypted where the server can, instead of only where it insists: neither keeps anybody out.
  if (given === 'allow') return 'prefer'
  if (given === 'require' && rootCert !== undefined) return 'verify-ca'
  if (given === undefined)
    return rootCert !== undefined || isSystem || bindsChannel ? 'verify-full' : 'disable'
  if (given !== 'require' && given !== 'no-verify') return given as SslMode
  // Neither driver binds a channel. What that keeps out, a server in between, the certificate keeps out as well.
  return bindsChannel ? 'verify-full' : 'require'
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse()
  }
}

function refuse(): never {
  throw DatabaseUrlError.notEncoded()
}

/** Where it leads, for messages: hosts and ports, and nothing else. */
export const placesOf = (url: string): string => parseDatabaseUrl(url).places.map(describePlace).join(',')

export const describePlace = ({ host, port }: Place): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
