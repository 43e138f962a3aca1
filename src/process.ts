// No library serves: close-with-grace would replace fewer than ten lines: the drain, the log and the parent
// process remain.

import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Config, loadConfig } from './config/index.js'
import { createLog, type Log } from './config/logging.js'
import { isTracingOn } from './config/tracing.js'
import { isUnavailable } from './db/driver/errors.js'
import { explainDatabase } from './db/lifecycle/explain.js'
import { type OpenDatabase, openDatabase } from './db/lifecycle/open.js'
import { MIGRATIONS_FOLDER, prepareDatabase } from './db/lifecycle/setup.js'
import { type History, MigrationError, type MigrationState, migrationStatus } from './db/migrate/index.js'
import { parseDatabaseUrl, placesOf } from './lib/database-url/index.js'
import { explainExit } from './lib/errors/operator-error.js'
import { errorCode } from './lib/errors/system-error-code.js'
import { PRODUCT } from './lib/product.js'
import { startTracing } from './tracing/index.js'
import { version } from './version.js'

export type ProcessParts = { config: Config; logger: Logger; database: OpenDatabase }

export type RunningProcess = {
  /** The URL where it listens, reported to the parent process. */
  address?: string
  close: () => Promise<void>
}

/** After the drain. Must leave time before orchestrators kill the process, by default after 30 s. */
const CLOSE_DEADLINE_MS = 8_000

/** Lets the last lines of the log reach their file. */
const FLUSH_DEADLINE_MS = 1_000

/**
 * Runs a process from its configuration to its end. It either starts completely, or prints the reason and
 * exits with 1. It shuts down gracefully on SIGTERM, on SIGINT, and when the parent process is gone.
 *
 * @param name begins readable lines of the log, and ends the service name in traces
 * @param start starts the parts that are specific to this process
 */
export async function runProcess(
  name: string,
  start: (parts: ProcessParts) => Promise<RunningProcess>,
): Promise<void> {
  let log: Log | undefined
  let databaseUrl: string | undefined
  try {
    const config = loadConfig()
    databaseUrl = config.DATABASE_URL
    log = await createLog(config, name)
    const tracing = await startTracing(isTracingOn(config), {
      name: `${PRODUCT.name}-${name}`,
      version,
      log: log.logger,
    })
    if (config.REDIS_URL !== undefined) await checkRedis(config.REDIS_URL)
    const database = await openDatabase(config)
    logIgnoredSettings(database, log.logger)
    await checkDatabase(database, log.logger)
    const running = await start({ config, logger: log.logger, database })
    const stop = stopOnce(config, log, async () => {
      await running.close()
      await Promise.all([database.close(), tracing.close()])
    })
    process.on('SIGTERM', stop).on('SIGINT', stop)
    process.on('uncaughtException', endByException(log))
    reportToParent(running, stop)
  } catch (error) {
    console.error(explainTimeout(error, databaseUrl) ?? explainExit(error))
    // Timers and connections of the parts that did start must not keep the process alive.
    await exit(1, log)
  }
}

function logIgnoredSettings({ url, directUrl }: OpenDatabase, logger: Logger): void {
  const ignored = [url, directUrl].flatMap((each) => parseDatabaseUrl(each).ignored)
  if (ignored.length > 0)
    logger.warn({ parameters: [...new Set(ignored)] }, 'parameters of DATABASE_URL have no effect')
}

/**
 * Migrates the embedded database, and any database with `--migrate`, which `npm run dev` passes. Other
 * databases are only checked: `npm run db:upgrade` migrates them.
 *
 * @throws {MigrationError} when the database has none of the migrations
 */
async function checkDatabase(database: OpenDatabase, logger: Logger): Promise<void> {
  const onAhead = ({ newer }: Pick<History, 'newer'>) =>
    logger.info({ version, newer }, 'the database is ahead of this release, as it is during a rollout')
  const isDevelopment = process.argv.includes('--migrate')
  if (database.embedded || isDevelopment) {
    await prepareDatabase({ ...database, onAhead })
    if (isDevelopment) for (const text of await explainDatabase(database.migrationUrl)) logger.warn(text)
    return
  }
  const states = await migrationStatus(database.directUrl, { folder: MIGRATIONS_FOLDER })
  const namesOf = (wanted: MigrationState['state']) =>
    states.filter(({ state }) => state === wanted).map(({ name }) => name)
  const [pending, newer, unknown] = [namesOf('pending'), namesOf('newer'), namesOf('unknown')]
  if (pending.length === states.length) {
    throw new MigrationError('The database has none of the migrations: run npm run db:upgrade')
  }
  if (newer.length > 0) onAhead({ newer })
  if (pending.length > 0) logger.warn({ pending }, 'migrations are pending: run npm run db:upgrade')
  if (unknown.length > 0) logger.error({ unknown }, 'the database has migrations of another history')
}

/** Loads the client only here, because most processes have no Redis. */
async function checkRedis(url: string): Promise<void> {
  const { refuseMissingDatabase } = await import('./lib/redis/index.js')
  await refuseMissingDatabase(url)
}

/** Explains a database that accepted the connection but does not answer. Undefined for other errors. */
function explainTimeout(error: unknown, url: string | undefined): string | undefined {
  const code = errorCode(error) ?? ''
  if (url === undefined || !(isUnavailable(error) || /^(AVV|FST)_ERR_\w*TIMEOUT$/.test(code)))
    return undefined
  return `the database at ${placesOf(url)} does not answer in time`
}

/** A signal may arrive twice: from the terminal to the process group, and from a parent that forwards it. */
function stopOnce(config: Config, log: Log, close: () => Promise<void>): () => void {
  const { logger } = log
  let isStopping = false
  return () => {
    if (isStopping) return
    isStopping = true
    logger.info('shutting down')
    const deadlineMs = config.SHUTDOWN_DRAIN_SECONDS * 1000 + CLOSE_DEADLINE_MS
    setTimeout(() => {
      logger.error({ deadlineMs }, 'not everything has closed in time')
      void exit(1, log)
    }, deadlineMs).unref()
    close().then(
      () => exit(0, log),
      (err) => {
        logger.error({ err }, 'closing failed')
        return exit(1, log)
      },
    )
  }
}

/**
 * A process started by another one (`npm run dev`) must not outlive
 * it, even if the parent died during the start.
 */
function reportToParent({ address }: RunningProcess, stop: () => void): void {
  if (!process.send) return
  process.on('disconnect', stop)
  process.on('message', (message) => {
    if (message === 'shutdown') stop()
  })
  if (process.connected) process.send({ ready: address ?? true }, () => undefined)
  else stop()
}

/** After an uncaught exception the state of the process is unknown: restarting is safer. */
const endByException = (log: Log) => (err: unknown) => {
  log.logger.fatal({ err }, 'uncaught exception')
  void exit(1, log)
}

async function exit(code: number, log: Log | undefined): Promise<void> {
  await Promise.race([log?.close(), delay(FLUSH_DEADLINE_MS)])
  process.exit(code)
}
