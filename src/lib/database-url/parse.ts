// No library serves: pg-connection-string and postgres.js each support only a part of libpq's URLs, and
// differ in the rest.
import { userInfo } from 'node:os'
import { DatabaseUrlError } from './error.js'
import { type Parameter, readParameters } from './parameters.js'

/** A `host` that begins with a slash is the directory of a Unix socket. */
export type Place = { host: string; port: number }

/** The modes of libpq, without `allow` and `no-verify`, which are mapped to these. */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export type SslSettings = {
  mode: SslMode
  /** A file of CA certificates; undefined for those that Node.js trusts. */
  rootCert: string | undefined
  /** The files of the client certificate and its key; both or neither. */
  cert: string | undefined
  key: string | undefined
  keyPassphrase: string | undefined
  /** Starts TLS without asking the server first whether it supports TLS. */
  isDirect: boolean
  /** Sends the host name to the server (SNI). */
  sendsName: boolean
}

/** The values of `target_session_attrs`. */
export type TargetSession = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby'

/** The content of a database URL, independent of the driver. */
export type DatabaseTarget = {
  places: readonly [Place, ...Place[]]
  user: string
  password: string | undefined
  database: string
  ssl: SslSettings
  session: TargetSession
  applicationName: string | undefined
  /** 0 means no limit; undefined, the limit of the caller. */
  connectTimeoutS: number | undefined
  /** Command-line options for the server, such as `-c search_path=mine`. */
  options: string | undefined
  /** Idle seconds before TCP sends keep-alive probes; 0 means never. */
  keepAliveS: number
  /** Parameters that libpq supports and that have no effect here. */
  ignored: readonly string[]
}

const DEFAULT_PORT = 5432
const DEFAULT_KEEP_ALIVE_S = 60

/**
 * Parses a database URL as libpq does. The parsers of the drivers do not: postgres.js takes unknown
 * parameters for settings of the server, pg-connection-string reads one host and gives `sslmode` other
 * meanings, and both throw errors that contain the URL. Unlike libpq, the last `@` ends the
 * credentials, because role names such as `app@project.iam` have one.
 * @throws {DatabaseUrlError} when the URL is not valid
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

/**
 * Returns the parts of the URL without decoding them, so that one can be replaced and the rest kept.
 * @throws {DatabaseUrlError} when the URL is not valid
 */
export function splitUrl(url: string): UrlParts {
  const [, authority = '', path = '', query = ''] =
    /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url) ?? refuse()
  const end = authority.lastIndexOf('@')
  // An unencoded slash in the password cuts the authority short.
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

/** Reads the hosts of the authority, or else of the parameters. */
function readPlaces(hosts: string, values: Values): DatabaseTarget['places'] {
  const entries = hosts === '' ? readHostParameters(values) : hosts.split(',').map(readHost)
  const places = entries.map(({ host, port }) => {
    const number = Number(port ?? DEFAULT_PORT)
    if (!/^\d+$/.test(port ?? '1') || number < 1 || number > 65_535) refuse()
    return { host: host || 'localhost', port: number }
  })
  const [first, ...others] = places
  return first ? [first, ...others] : refuse()
}

type HostEntry = { host: string; port: string | undefined }

function readHost(text: string): HostEntry {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^:[\]]*))(?::(\d*))?$/i.exec(text) ?? refuse()
  return { host: bracketed ?? decode(plain ?? ''), port: port || undefined }
}

/** A single port applies to every host. */
function readHostParameters({ host = '', port = '' }: Values): HostEntry[] {
  const ports = port.split(',')
  const hosts = host.split(',')
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new DatabaseUrlError('must have one port in its parameter port, or one for each host')
  }
  return hosts.map((name, i) => ({ host: name, port: (ports.length > 1 ? ports[i] : port) || undefined }))
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
    throw new DatabaseUrlError('must have sslmode=require or stronger together with sslnegotiation=direct')
  }
  const isLocal = places.every(({ host }) => host.startsWith('/'))
  return isLocal ? { ...settings, mode: 'disable' } : settings
}

const WEAK_MODES = ['disable', 'allow', 'prefer']

/** Without a mode there is no TLS, which is the default of both drivers. */
function readMode(values: Values, rootCert: string | undefined): SslMode {
  const mode = values.sslmode ?? (values.ssl === 'true' ? 'require' : undefined)
  const isSystem = values.sslrootcert === 'system'
  const bindsChannel = values.channel_binding === 'require'
  if (isSystem && (mode ?? 'verify-full') !== 'verify-full') {
    throw new DatabaseUrlError('must have sslmode=verify-full together with sslrootcert=system')
  }
  if (bindsChannel && mode !== undefined && WEAK_MODES.includes(mode)) {
    throw new DatabaseUrlError('must have sslmode=require or stronger together with channel_binding=require')
  }
  if (mode === 'verify-ca' && rootCert === undefined) {
    throw new DatabaseUrlError('must have sslrootcert together with sslmode=verify-ca')
  }
  // `allow` encrypts only when the server insists, `prefer` whenever it can. Neither stops an attacker.
  if (mode === 'allow') return 'prefer'
  if (mode === 'require' && rootCert !== undefined) return 'verify-ca'
  if (mode === undefined)
    return rootCert !== undefined || isSystem || bindsChannel ? 'verify-full' : 'disable'
  if (mode !== 'require' && mode !== 'no-verify') return mode as SslMode
  // Neither driver supports channel binding. Verifying the certificate also stops a machine in the middle.
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

/**
 * The hosts and ports of the URL, for messages. No credentials.
 * @throws {DatabaseUrlError} when the URL is not valid
 */
export const placesOf = (url: string): string => parseDatabaseUrl(url).places.map(describePlace).join(',')

export const describePlace = ({ host, port }: Place): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
