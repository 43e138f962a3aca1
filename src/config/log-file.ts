// No library serves: pino-roll appends a number to the name of the file, and rotating-file-stream does not
// notice that another program has moved it.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'
import { errorCode } from '../lib/errors/system-error-code.js'
import { ConfigError } from './config-error.js'
import type { Config } from './settings.js'

export type LogFileSettings = Pick<
  Config,
  'LOG_FILE_PATH' | 'LOG_FILE_ROTATION' | 'LOG_FILE_MAX_MB' | 'LOG_FILE_MAX_COUNT'
>

export type LogFile = {
  write: (line: string) => void
  /** Resolves when every line is written. */
  close: () => Promise<void>
}

const INTERVALS = { hourly: '1h', daily: '1d' }

/** For up to this long, lines still go to a file that was moved away. They are not lost. */
const CHECK_INTERVAL_MS = 1_000

/**
 * Opens a log file that is rotated by age and size. It is opened again, without a signal, when another
 * program such as logrotate has moved, removed or truncated it. `onError` gets only the first error.
 * @throws {ConfigError} when the file cannot be written
 */
export async function openLogFile(
  settings: LogFileSettings,
  onError: (error: Error) => void,
): Promise<LogFile> {
  const path = settings.LOG_FILE_PATH
  let isReported = false
  const report = (error: Error) => {
    // A full disk must not stop the server: standard output still has every line.
    if (!isReported) onError(error)
    isReported = true
  }
  let stream = await open(settings, report).catch((error) => {
    const reason = errorCode(error) ?? 'it is not a file'
    throw new ConfigError([`LOG_FILE_PATH names ${path}, which cannot be written (${reason}).`])
  })
  let lastStats = await stat(path)
  // The stream's own rotation also opens another file.
  const updateStats = () => stat(path).then((stats) => (lastStats = stats), report)
  stream.on('open', updateStats)

  const reopenIfReplaced = async () => {
    const stats = await stat(path).catch(() => undefined)
    const isSame = stats?.ino === lastStats.ino && stats.size >= lastStats.size
    if (isSame) lastStats = stats
    else {
      const previous = stream
      stream = await open(settings, report)
      stream.on('open', updateStats)
      await updateStats()
      await endOf(previous)
    }
  }
  const checks = repeat(() => reopenIfReplaced().catch(report))

  return {
    write: (line) => stream.write(line),
    close: async () => {
      await checks.stop()
      await endOf(stream)
    },
  }
}

/** Runs `work` at intervals, but never twice at the same time. */
function repeat(work: () => Promise<void>) {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined
    })
  }, CHECK_INTERVAL_MS).unref()
  const stop = async () => {
    clearInterval(timer)
    await running
  }
  return { stop }
}

async function open(settings: LogFileSettings, onError: (error: Error) => void): Promise<RotatingFileStream> {
  const path = settings.LOG_FILE_PATH
  mkdirSync(dirname(path), { recursive: true })
  const stream = createStream(basename(path), { path: dirname(path), mode: 0o640, ...rotationOf(settings) })
  await once(stream, 'open')
  return stream.on('error', onError)
}

function rotationOf({ LOG_FILE_ROTATION, LOG_FILE_MAX_MB, LOG_FILE_MAX_COUNT }: LogFileSettings) {
  if (LOG_FILE_ROTATION === 'off') return {}
  return {
    interval: INTERVALS[LOG_FILE_ROTATION],
    size: `${LOG_FILE_MAX_MB}M`,
    maxFiles: LOG_FILE_MAX_COUNT,
    // Also rotates a file of an earlier day that a previous run left.
    initialRotation: true,
    intervalBoundary: true,
  }
}

async function endOf(stream: RotatingFileStream): Promise<void> {
  if (stream.destroyed) return
  stream.end()
  await finished(stream).catch(() => undefined)
}
