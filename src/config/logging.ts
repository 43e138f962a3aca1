import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import pino, { type LogFn, type Logger } from 'pino'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'
import { messageOf, serializeError } from '../lib/log-error.js'
import { REDACTED } from '../lib/redact.js'
import { ConfigError } from './config-error.js'
import { LineBuffer } from './line-buffer.js'
import type { Config } from './settings.js'

type LogSettings = Pick<
  Config,
  | 'NODE_ENV'
  | 'LOG_LEVEL'
  | 'LOG_DELAY_MS'
  | 'LOG_FILE_PATH'
  | 'LOG_FILE_ROTATION'
  | 'LOG_FILE_MAX_MB'
  | 'LOG_FILE_MAX_COUNT'
>

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

const INTERVALS = { hourly: '1h', daily: '1d' }

/**
 * To standard output (for people in development, else as JSON) and to a file that is rotated by age and size.
 * Both are written by this process itself: a worker thread for each would slow every start.
 * @throws {ConfigError} when the file cannot be written
 */
export async function createLog(settings: LogSettings): Promise<Log> {
  const file = settings.LOG_FILE_PATH === 'off' ? undefined : await openFile(settings)
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
  // A disk that fills up must not take the server down with it: standard output still has every line.
  file?.once('error', (err) => logger.error({ err }, 'the log file cannot be written any more'))
  const close = async () => {
    lines.end()
    if (file) await endOf(file)
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

async function openFile(settings: LogSettings): Promise<RotatingFileStream> {
  const path = settings.LOG_FILE_PATH
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = createStream(basename(path), {
      path: dirname(path),
      interval: INTERVALS[settings.LOG_FILE_ROTATION],
      size: `${settings.LOG_FILE_MAX_MB}M`,
      maxFiles: settings.LOG_FILE_MAX_COUNT,
      // A file that an earlier run left from another day is old, too.
      initialRotation: true,
      intervalBoundary: true,
      mode: 0o640,
    })
    await once(file, 'open')
    return file.on('error', () => undefined)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : 'it is not a file'
    throw new ConfigError([`LOG_FILE_PATH names ${path}, which cannot be written (${reason}).`])
  }
}

async function endOf(file: RotatingFileStream): Promise<void> {
  if (file.destroyed) return
  file.end()
  await finished(file).catch(() => undefined)
}
