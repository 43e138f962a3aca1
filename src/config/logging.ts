import pino, { type LogFn, type Logger } from 'pino'
import { messageOf, serializeError } from '../lib/log-error.js'
import { REDACTED } from '../lib/redact.js'
import { LineBuffer } from './line-buffer.js'
import { type LogFileSettings, openLogFile } from './log-file.js'
import type { Config } from './settings.js'

type LogSettings = LogFileSettings & Pick<Config, 'NODE_ENV' | 'LOG_LEVEL' | 'LOG_DELAY_MS'>

export type Log = {
  logger: Logger
  /** Resolves when every line is written. */
  close: () => Promise<void>
}

/** A safety net: nothing logs these on purpose. One level deep, as they would appear in an object that is logged whole. */
const SECRETS = [
  'password',
  'newPassword',
  'currentPassword',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
]
const SECRET_PATHS = [...SECRETS, 'authorization', 'cookie', '["set-cookie"]'].flatMap((name) => [
  name,
  name.startsWith('[') ? `*${name}` : `*.${name}`,
])

/**
 * To standard output (for people in development, else as JSON) and to a file.
 * Both are written by this process itself: a worker thread for each would slow every start.
 * @throws {ConfigError} when the file cannot be written
 */
export async function createLog(settings: LogSettings): Promise<Log> {
  const onError = (err: Error) => logger.error({ err }, 'the log file cannot be written any more')
  const file = settings.LOG_FILE_PATH === 'off' ? undefined : await openLogFile(settings, onError)
  const output = await openOutput(settings)
  const lines = new LineBuffer(file ? [output, file] : [output], settings.LOG_DELAY_MS)
  // However the process ends, but for what kills it outright.
  process.once('exit', lines.end)
  const logger = pino(
    {
      level: settings.LOG_LEVEL,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      redact: { paths: SECRET_PATHS, censor: REDACTED },
      hooks: { logMethod: logSafely },
    },
    lines,
  )
  const close = async () => {
    lines.end()
    await file?.close()
  }
  return { logger, close }
}

/** pino and Fastify take the error's own message for the line's, and that may hold the values of a failed statement. */
function logSafely(this: Logger, [first, ...rest]: Parameters<LogFn>, log: LogFn): void {
  const fields: unknown = first instanceof Error ? { err: first } : first
  const err = isRecord(fields) ? fields.err : undefined
  const repeatsError = err instanceof Error && (rest.length === 0 || rest[0] === err.message)
  log.apply(this, [fields, ...(repeatsError ? [messageOf(err)] : rest)] as Parameters<LogFn>)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

async function openOutput({ NODE_ENV }: LogSettings) {
  if (NODE_ENV !== 'development') return pino.destination({ dest: 1, sync: true })
  const { default: pretty } = await import('pino-pretty')
  return pretty({ ignore: 'pid', translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true })
}
