import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { OperatorError } from '../errors/operator-error.js'
import { parseRedisUrl, type RedisTarget, redisPlacesOf } from './url.js'

export type RedisClient = Redis | Cluster

export type ClientOptions = Omit<RedisOptions, 'replyMapping'>

/**
 * Connects at once, unless `lazyConnect` is set.
 * @throws {RedisUrlError} when the URL is not valid
 */
export function connectRedis(url: string, options: ClientOptions = {}): RedisClient {
  const target = parseRedisUrl(url)
  const client = target.kind === 'cluster' ? openCluster(target, options) : openSingle(target, options)
  // When Redis refuses the database, ioredis would go on in database 0, which may be another deployment's.
  return client.on('error', (error) => {
    if (isRefusedDatabase(error)) client.disconnect()
  })
}

const tlsOptions = ({ hasTls }: RedisTarget) => (hasTls ? { tls: {} } : {})

const credentials = ({ username, password }: RedisTarget): ClientOptions => ({
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
})

function openSingle(target: Exclude<RedisTarget, { kind: 'cluster' }>, options: ClientOptions): Redis {
  const common = { ...options, ...credentials(target), ...tlsOptions(target), db: target.database }
  if (target.kind === 'single') return new Redis<'legacy'>({ ...common, ...target.nodes[0] })
  return new Redis<'legacy'>({
    ...common,
    sentinels: [...target.nodes],
    name: target.master,
    ...(target.sentinelUsername !== undefined && { sentinelUsername: target.sentinelUsername }),
    ...(target.sentinelPassword !== undefined && { sentinelPassword: target.sentinelPassword }),
    ...(target.hasTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    // Retry sentinels in the same way as the server itself.
    ...(options.retryStrategy && { sentinelRetryStrategy: options.retryStrategy }),
  })
}

function openCluster(target: RedisTarget, options: ClientOptions): Cluster {
  const { enableOfflineQueue, lazyConnect, retryStrategy, ...redisOptions } = options
  return new Cluster<'legacy'>([...target.nodes], {
    redisOptions: { ...redisOptions, ...credentials(target), ...tlsOptions(target) },
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
    ...(lazyConnect !== undefined && { lazyConnect }),
    ...(retryStrategy && { clusterRetryStrategy: (times) => retryStrategy(times) as number | null }),
    // Certificates are for host names. Without this, ioredis would resolve them and connect to addresses.
    ...(target.hasTls && { dnsLookup: (address, done) => done(null, address) }),
  })
}

/** For any reason that Redis gives, such as that it has fewer databases. */
const isRefusedDatabase = (error: unknown): boolean =>
  (error as { command?: { name?: unknown } }).command?.name === 'select'

const CHECK_TIMEOUT_MS = 2_000

/**
 * Checks that Redis has the database of the URL. A Redis that does not respond passes: its users wait
 * for it.
 * @throws {OperatorError} when Redis refuses the database
 */
export async function refuseMissingDatabase(url: string): Promise<void> {
  const target = parseRedisUrl(url)
  if (target.database === 0) return
  let refusal: Error | undefined
  const client = connectRedis(url, {
    lazyConnect: true,
    connectTimeout: CHECK_TIMEOUT_MS,
    commandTimeout: CHECK_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  client.on('error', (error) => {
    if (isRefusedDatabase(error)) refusal = error
  })
  await client.connect().catch(() => undefined)
  client.disconnect()
  if (refusal === undefined) return
  throw new OperatorError(
    `REDIS_URL names the database ${target.database}, but Redis at ${redisPlacesOf(url)} refuses it (${refusal.message}): use a database that it has, or leave the number out`,
  )
}
