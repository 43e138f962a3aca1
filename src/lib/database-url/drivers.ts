import { Socket } from 'node:net'
import type { ClientConfig } from 'pg'
import postgres from 'postgres'
import { openTarget } from './choose.js'
import { LateStream } from './late-stream.js'
import { type DatabaseTarget, parseDatabaseUrl } from './parse.js'

type Options = postgres.Options<Record<string, postgres.PostgresType>>

const DEFAULT_CONNECT_TIMEOUT_S = 30

/**
 * Opens a client of postgres.js. Settings of the URL, such as `connect_timeout` and `application_name`,
 * override `options`.
 * @throws {DatabaseUrlError} when the URL is not valid
 */
export function openPostgres(url: string, options: Options = {}): postgres.Sql {
  const target = parseDatabaseUrl(url)
  const [{ host, port }] = target.places
  const timeoutS = target.connectTimeoutS ?? options.connect_timeout ?? DEFAULT_CONNECT_TIMEOUT_S
  const { applicationName, options: serverOptions } = target
  return postgres({
    ...options,
    ...{ host, port, user: target.user, database: target.database, password: target.password ?? '' },
    ssl: false,
    connect_timeout: timeoutS,
    keep_alive: target.keepAliveS,
    connection: {
      ...options.connection,
      ...(applicationName !== undefined && { application_name: applicationName }),
      ...(serverOptions !== undefined && { options: serverOptions }),
    },
    ...(needsOwnSocket(target) && { socket: () => openOrFail(target, timeoutS) }),
  } as Options)
}

/**
 * Returns the configuration of a client or pool of `pg`. `connectTimeoutMs` applies unless the URL has a
 * `connect_timeout`; by default there is no limit.
 * @throws {DatabaseUrlError} when the URL is not valid
 */
export function nodePostgresConfig(url: string, connectTimeoutMs?: number) {
  const target = parseDatabaseUrl(url)
  const [{ host, port }] = target.places
  const timeoutMs = target.connectTimeoutS === undefined ? connectTimeoutMs : target.connectTimeoutS * 1000
  return {
    ...{ host, port, user: target.user, database: target.database },
    ...(target.password !== undefined && { password: target.password }),
    ssl: false,
    keepAlive: target.keepAliveS > 0,
    keepAliveInitialDelayMillis: target.keepAliveS * 1000,
    ...(timeoutMs !== undefined && { connectionTimeoutMillis: timeoutMs }),
    ...(target.applicationName !== undefined && { application_name: target.applicationName }),
    ...(target.options !== undefined && { options: target.options }),
    ...(needsOwnSocket(target) && { stream: () => new LateStream(() => openTarget(target, timeoutMs ?? 0)) }),
  } satisfies ClientConfig
}

const needsOwnSocket = ({ places, session, ssl }: DatabaseTarget): boolean =>
  places.length > 1 || session !== 'any' || ssl.mode !== 'disable'

/**
 * Never rejects: postgres.js would wait forever for a socket whose factory rejected. It handles a
 * socket that breaks.
 */
async function openOrFail(target: DatabaseTarget, timeoutS: number): Promise<Socket> {
  try {
    return await openTarget(target, timeoutS * 1000)
  } catch (error) {
    const broken = new Socket()
    // postgres.js adds its listeners after this function returns.
    setImmediate(() => broken.destroy(error as Error))
    return broken
  }
}
