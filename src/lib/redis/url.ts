import { OperatorError } from '../errors/operator-error.js'

type Node = { host: string; port: number }

type Common = {
  nodes: readonly [Node, ...Node[]]
  username: string | undefined
  password: string | undefined
  hasTls: boolean
}

/** A single server, a cluster whose nodes share the keys, or sentinels that know the current master. */
export type RedisTarget = Common &
  (
    | { kind: 'single'; database: number }
    | { kind: 'cluster'; database: 0 }
    | {
        kind: 'sentinel'
        master: string
        database: number
        sentinelUsername: string | undefined
        sentinelPassword: string | undefined
      }
  )

/** The message never quotes the URL, only names of parameters. */
export class RedisUrlError extends OperatorError {
  override readonly name = 'RedisUrlError'

  /** @param mistake the rest of the sentence that begins with the setting's name */
  constructor(readonly mistake: string) {
    super(`REDIS_URL ${mistake}`)
  }
}

/** The rest of the message "must be …". */
export const REDIS_URL_FORM =
  'a URL such as redis://:password@host:6379/0, redis+cluster://host1:6379,host2:6379 or redis+sentinel://host1:26379,host2:26379/master (rediss with TLS), with special characters of the password percent-encoded'

const KINDS = { '': 'single', '+cluster': 'cluster', '+sentinel': 'sentinel' } as const

const PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 }

/** @throws {RedisUrlError} when the URL is not valid */
export function parseRedisUrl(url: string): RedisTarget {
  const [, tls, suffix = '', authority = '', path = '', query = ''] =
    /^redis(s?)(\+cluster|\+sentinel)?:\/\/([^/?#]*)\/?([^?#]*)\??([^#]*)$/i.exec(url) ?? refuse()
  const kind = KINDS[suffix.toLowerCase() as keyof typeof KINDS]
  const end = authority.lastIndexOf('@')
  // An `@` here means an unencoded `/`, `?` or `#` in the password: part of it would be taken for a host.
  if (`${path}${query}`.includes('@')) refuse()
  const common: Common = {
    nodes: readNodes(authority.slice(end + 1), kind),
    ...readCredentials(end === -1 ? '' : authority.slice(0, end)),
    hasTls: tls !== '',
  }
  const parameters = readParameters(query, kind)
  if (kind === 'cluster') return { ...common, kind, database: readClusterDatabase(path) }
  if (kind === 'single') return { ...common, kind, database: readDatabase(parameters.get('db') ?? path) }
  const [master = '', database = '', ...more] = path.split('/').map(decode)
  if (master === '' || more.length > 0) {
    throw new RedisUrlError(
      'must name the master that its sentinels watch: redis+sentinel://host:26379/master',
    )
  }
  return {
    ...common,
    kind,
    master,
    database: readDatabase(parameters.get('db') ?? database),
    sentinelUsername: parameters.get('sentinelUsername'),
    sentinelPassword: parameters.get('sentinelPassword'),
  }
}

function readCredentials(text: string): Pick<Common, 'username' | 'password'> {
  const [username = '', ...password] = text.split(':')
  return { username: decode(username) || undefined, password: decode(password.join(':')) || undefined }
}

function readNodes(text: string, kind: RedisTarget['kind']): Common['nodes'] {
  const [first = refuse(), ...others] = text.split(',').map((node) => readNode(node, PORTS[kind]))
  if (kind === 'single' && others.length > 0) {
    throw new RedisUrlError(
      'must begin with redis+cluster:// or redis+sentinel:// when it names several hosts',
    )
  }
  return [first, ...others]
}

function readNode(text: string, defaultPort: number): Node {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? refuse()
  const number = Number(port ?? defaultPort)
  if (number < 1 || number > 65_535) refuse()
  return { host: bracketed ?? plain ?? '', port: number }
}

/** Redis reports an error for other text, which ioredis ignores: it would use database 0. */
function readDatabase(text: string): number {
  if (text === '') return 0
  if (!/^\d{1,5}$/.test(text)) throw new RedisUrlError('must have a database number as its path, such as /1')
  return Number(text)
}

function readClusterDatabase(path: string): 0 {
  if (path !== '' && readDatabase(path) !== 0)
    throw new RedisUrlError('must not name a database other than 0: a cluster has no others')
  return 0
}

const PARAMETERS = { single: ['db'], cluster: [], sentinel: ['db', 'sentinelUsername', 'sentinelPassword'] }

function readParameters(query: string, kind: RedisTarget['kind']): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&').filter(Boolean)) {
    const [name = '', ...value] = pair.split('=').map(decode)
    if (!/^[a-z_]{1,40}$/i.test(name)) refuse()
    if (!(PARAMETERS[kind] as string[]).includes(name)) {
      throw new RedisUrlError(`has the parameter ${name}, which is not supported: remove it`)
    }
    parameters.set(name, value.join('='))
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse()
  }
}

function refuse(): never {
  throw new RedisUrlError(`must be ${REDIS_URL_FORM}`)
}

/** The hosts and ports of the URL, for messages. No credentials. */
export const redisPlacesOf = (url: string): string =>
  parseRedisUrl(url)
    .nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(',')
