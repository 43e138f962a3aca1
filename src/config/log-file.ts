// No library serves: pino-roll appends a number to the name of the file. rotating-file-stream does not notice
// that others moved it.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'
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

/** For so long lines still go to a file that was moved away: they are not lost, but in it. */
const LOOK_INTERVAL_MS = 1_000

/**
 * Rotated by age and size, and opened anew when somebody else has moved, removed or emptied it, as logrotate does. Needs no
 * signal for that.
 * @throws {ConfigError} when the file cannot be written
 */
export async function openLogFile(
  settings: LogFileSettings,
  onError: (error: Error) => void,
): Promise<LogFile> {
  const path = settings.LOG_FILE_PATH
  let isTold = false
  const report = (error: Error) => {
    // A disk that fills up must not take the server down with it: standard output still has every line.
    if (!isTold) onError(error)
    isTold = true
  }
  let stream = await open(settings, report).catch((error) => {
    const reason = error instanceof Error && 'code' in error ? error.code : 'it is not a file'
    throw new ConfigError([`LOG_FILE_PATH names ${path}, which cannot be written (${reason}).`])
  })
  let seen = await stat(path)
  // Its own rotation moves the file, too.
  const see = () => stat(path).then((now) => (seen = now), report)
  stream.on('open', see)

  const look = async () => {
    const now = await stat(path).catch(() => undefined)
    const isSame = now?.ino === seen.ino && now.size >= seen.size
    if (isSame) seen = now
    else {
      const previous = stream
      stream = await open(settings, report)
      stream.on('open', see)
      await see()
      await endOf(previous)
    }
  }
  const looking = repeat(() => look().catch(report))

  return {
    write: (line) => stream.write(line),
    close: async () => {
      await looking.stop()
      await endOf(stream)
    },
  }
}

/** One at a time: `work` that takes longer than the interval is not started again meanwhile. */
function repeat(work: () => Promise<void>) {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined
    })
  }, LOOK_INTERVAL_MS).unref()
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
    // A file that an earlier run left from another day is old, too.
    initialRotation: true,
    intervalBoundary: true,
  }
}

async function endOf(stream: RotatingFileStream): Promise<void> {
  if (stream.destroyed) return
  stream.end()
  await finished(stream).catch(() => undefined)
}
