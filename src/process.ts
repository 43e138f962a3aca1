import type { Logger } from 'pino'
import { type Config, loadConfig } from './config/index.js'
import { createLog } from './config/logging.js'
import { MigrationError, migrationStatus } from './db/migrate/index.js'
import { type OpenDatabase, openDatabase } from './db/open.js'
import { MIGRATIONS_FOLDER, prepareDatabase } from './db/setup.js'
import { explainExit } from './lib/operator-error.js'

export type ProcessParts = { config: Config; logger: Logger; database: OpenDatabase }

export type RunningProcess = {
  /** Where it listens, for whoever started it. */
  address?: string
  close: () => Promise<void>
}

/** Beyond the drain: what has not ended by then never will. Orchestrators kill after 30 s. */
const CLOSE_DEADLINE_MS = 8_000

/**
 * The life of a process, from its configuration to its end: it starts as a whole or ends with the reason and exit code 1,
 * and stops in order on SIGTERM, SIGINT or when the parent that it reports to is gone.
 */
export async function runProcess(start: (parts: ProcessParts) => Promise<RunningProcess>): Promise<void> {
  try {
    const config = loadConfig()
    const log = await createLog(config)
    const database = await openDatabase(config)
    await checkDatabase(database, log.logger)
    const running = await start({ config, logger: log.logger, database })
    const stop = stopOnce(config, log.logger, async () => {
      await running.close()
      await database.close()
      await log.close()
    })
    process.on('SIGTERM', stop).on('SIGINT', stop)
    process.on('uncaughtException', (err) => {
      log.logger.fatal({ err }, 'uncaught exception')
      process.exit(1)
    })
    if (process.send) {
      process.on('disconnect', stop)
      process.send({ ready: running.address ?? true })
    }
  } catch (error) {
    console.error(explainExit(error))
    // Timers and connections of what did start must not keep a failed process alive.
    process.exit(1)
  }
}

/** The embedded database follows the code by itself; any other is migrated by a step of its own (`npm run db:upgrade`). */
async function checkDatabase(database: OpenDatabase, logger: Logger): Promise<void> {
  if (database.embedded) {
    await prepareDatabase(database)
    return
  }
  const states = await migrationStatus(database.url, { folder: MIGRATIONS_FOLDER })
  const pending = states.filter(({ state }) => state === 'pending').map(({ name }) => name)
  if (pending.length === states.length) {
    throw new MigrationError('The database has none of the migrations: run npm run db:upgrade')
  }
  if (pending.length > 0) logger.warn({ pending }, 'migrations are pending: run npm run db:upgrade')
}

/** Signals may come twice: from the terminal to the whole group, and from a parent that passes it on. */
function stopOnce(config: Config, logger: Logger, close: () => Promise<void>): () => void {
  let isStopping = false
  return () => {
    if (isStopping) return
    isStopping = true
    logger.info('shutting down')
    const deadlineMs = config.SHUTDOWN_DRAIN_SECONDS * 1000 + CLOSE_DEADLINE_MS
    setTimeout(() => {
      logger.error({ deadlineMs }, 'not everything has closed in time')
      process.exit(1)
    }, deadlineMs).unref()
    close().then(
      () => process.exit(0),
      (err) => {
        logger.error({ err }, 'closing failed')
        process.exit(1)
      },
    )
  }
}
