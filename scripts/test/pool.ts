import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestFile } from './files.js'
import { type FileResult, readResults } from './results.js'

export type PoolOptions = {
  files: readonly TestFile[]
  /** How many files run at the same time, each in a process of its own. */
  jobs: number
  env: NodeJS.ProcessEnv
  onStart: (file: string) => void
  onResult: (result: FileResult) => void
}

/** The larger space for new objects, in MB, saves 3 % of the CPU time. */
const FLAGS = ['--max-semi-space-size=64', '--import=tsx', '--import=@tapjs/mock/import']

/** Of what a process printed besides its results, for a file that failed. */
const OUTPUT_MAX_LENGTH = 20_000

/**
 * Runs test files in processes that each take the next file when they have finished one. tap's own runner starts a process a
 * file: half of the time of a run was spent on loading the program.
 */
export async function runFiles({ files, jobs, ...options }: PoolOptions): Promise<void> {
  const queue = [...files]
  const nextShared = () => {
    const index = queue.findIndex((file) => !file.needsOwnProcess)
    return index === -1 ? undefined : queue.splice(index, 1)[0]
  }
  const work = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const unread = await runProcess(file, file.needsOwnProcess ? () => undefined : nextShared, options)
      if (unread) queue.unshift(unread)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
}

/** One process, until it has no next file or ends by itself. Returns the file that it was sent and did not begin, if any. */
async function runProcess(
  first: TestFile,
  next: () => TestFile | undefined,
  { env, onStart, onResult }: Omit<PoolOptions, 'files' | 'jobs'>,
): Promise<TestFile | undefined> {
  const child = spawn(process.execPath, [...FLAGS, 'scripts/test/worker.ts'], { env })
  stopWith(child)
  let current: TestFile | undefined
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-OUTPUT_MAX_LENGTH)
  })
  const start = (file: TestFile | undefined) => {
    current = file
    output = ''
    if (file) {
      onStart(file.path)
      child.stdin.write(`${file.path}\n`)
    } else {
      child.stdin.end()
    }
  }
  let begun = first.path
  const results = readResults({
    onBegin: (path) => {
      begun = path
    },
    onEnd: (result) => {
      onResult(result.failed > 0 ? { ...result, output } : result)
      start(next())
    },
  })
  // It may have ended meanwhile: then its exit says so.
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk) => results.write(chunk))
  start(first)
  const [code, signal] = await once(child, 'close')
  if (current === undefined || begun !== current.path) return current
  onResult(crashed(current.path, code, signal, output))
  return undefined
}

/** No process is left when this one ends early. */
function stopWith(child: ChildProcess): void {
  const stop = () => child.kill('SIGKILL')
  process.on('exit', stop)
  child.once('close', () => process.off('exit', stop))
}

function crashed(file: string, code: number | null, signal: string | null, output: string): FileResult {
  const title = `the process ended with ${signal ?? `exit code ${code}`} before the file did`
  return { file, passed: 0, failed: 1, skipped: 0, failures: [{ title }], timeMs: 0, output }
}
