import pino, { type LogFn, type Logger } from 'pino'
import { isSecretName, REDACTED, redactText } from '../lib/audit/redact.js'
import { messageOf, serializeError } from '../lib/observability/log-error.js'
import { LineBuffer } from './line-buffer.js'
import { type LogFileSettings, openLogFile } from './log-file.js'
import { openReadableLog } from './readable-log.js'
import type { Config } from './settings.js'

type LogSettings = LogFileSettings & Pick<Config, 'NODE_ENV' | 'LOG_LEVEL' | 'LOG_DELAY_MS'>

export type Log = {
  logger: Logger
  /** Resolves when every line is written. */
  close: () => Promise<void>
}

/**
 * Logs to standard output (readable in development, otherwise as JSON) and to a file. This process writes
 * both itself, because worker threads would slow every start.
 * @param program begins the readable lines
 * @throws {ConfigError} when the file cannot be written
 */
export async function createLog(settings: LogSettings, program: string): Promise<Log> {
  const onError = (err: Error) => logger.error({ err }, 'the log file cannot be written any more')
  const file = settings.LOG_FILE_PATH === 'off' ? undefined : await openLogFile(settings, onError)
  const output =
    settings.NODE_ENV === 'development'
      ? await openReadableLog(program)
      : pino.destination({ dest: 1, sync: true })
  const lines = new LineBuffer(file ? [output, file] : [output], settings.LOG_DELAY_MS)
  // Covers every end of the process except SIGKILL.
  process.once('exit', lines.end)
  const logger = pino(
    {
      level: settings.LOG_LEVEL,
      base: { pid: process.pid },
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      serializers: { err: serializeError },
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

/**
 * pino and Fastify use the message of an error as the message of the line. That may hold the values of a
 * failed statement, so it is replaced.
 */
function logSafely(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const first: unknown = args[0]
  const err = first instanceof Error ? first : isRecord(first) ? first.err : undefined
  if (!(err instanceof Error)) {
    log.apply(this, args)
    return
  }
  const [, ...rest] = args
  const repeatsError = rest.length === 0 || rest[0] === err.message
  const fields = first === err ? { err } : first
  log.apply(this, [fields, ...(repeatsError ? [messageOf(err)] : rest)] as Parameters<LogFn>)
}

/**
 * A safety net, since nothing logs secrets on purpose. Redacts secrets by name and by form in the
 * fields of a line, and in plain objects one level below, for objects that are logged whole.
 */
export const withoutSecrets = (fields: Record<string, unknown>): Record<string, unknown> =>
  hideSecrets(fields, 2)

function hideSecrets(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const name of Object.keys(fields))
    result[name] = isSecretName(name) ? REDACTED : hideSecretsIn(fields[name], depth)
  return result
}

function hideSecretsIn(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  const isPlain = isRecord(value) && Object.getPrototypeOf(value) === Object.prototype
  return isPlain && depth > 1 ? hideSecrets(value, depth - 1) : value
}

let lastMs = 0
let lastTime = ''

/** Like pino's `isoTime`, but formats the time only once per millisecond. */
function isoTime(): string {
  const ms = Date.now()
  if (ms !== lastMs) {
    lastMs = ms
    lastTime = `,"time":"${new Date(ms).toISOString()}"`
  }
  return lastTime
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
