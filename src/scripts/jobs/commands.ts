import type { Db } from '../../db/driver/client.js'
import {
  discardFailedJobs,
  listWaitingJobs,
  retryFailedJobs,
  type WaitingJob,
} from '../../db/queries/jobs/failed-jobs.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import type { Arguments } from './arguments.js'

const LIMIT = 1000

export const commands = { list, retry, discard } satisfies Record<
  Arguments['command'],
  (db: Db, args: Arguments) => Promise<void>
>

async function list(db: Db, { failed, json }: Arguments): Promise<void> {
  const jobs = await listWaitingJobs(db, { failedOnly: failed, limit: LIMIT })
  if (json) console.log(JSON.stringify(jobs, undefined, 2))
  else if (jobs.length === 0) console.log(failed ? 'No job has failed.' : 'No job is open.')
  else console.log(tableOf(jobs))
  if (jobs.length === LIMIT) console.error(`These are the oldest ${LIMIT}; there may be more.`)
}

async function retry(db: Db, { id }: Arguments): Promise<void> {
  console.log(`${counted(await retryFailedJobs(db, id), id)} will be retried.`)
}

async function discard(db: Db, { id }: Arguments): Promise<void> {
  console.log(`${counted(await discardFailedJobs(db, id), id)} discarded.`)
}

function counted(count: number, id: string | undefined): string {
  if (count === 0 && id !== undefined) throw new OperatorError(`no dead letter has the id ${id}`)
  return count === 1 ? '1 job' : `${count} jobs`
}

const HEADS = ['id', 'state', 'since', 'tries', 'job', 'last error']

function tableOf(jobs: readonly WaitingJob[]): string {
  const rows = [HEADS, ...jobs.map(cellsOf)]
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lineOf = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return rows.map((row) => lineOf(row).trimEnd()).join('\n')
}

const cellsOf = ({ id, job, createdAt, failedAt, attempts, lastError }: WaitingJob): string[] => [
  id,
  failedAt ? 'failed' : 'open',
  (failedAt ?? createdAt).toISOString(),
  String(attempts),
  job,
  // One line per job: --json shows the whole error.
  lastError?.split('\n', 1)[0] ?? '',
]
