import { Redis } from 'ioredis'
import type postgres from 'postgres'
import { QUEUE_NAME } from '../../src/lib/jobs/job-options.js'
import { eventually } from './eventually.js'

/** Whether `test/faults` runs in full, with the numbers of kills in docs/jobs.md. */
export const IN_FULL = process.env.FAULTS === 'full'

/** Expires the lease of every open job, so that it is claimed again, and wakes the workers that would look later. */
async function passLeases(sql: postgres.Sql): Promise<void> {
  await sql`update outbox set claimed_until = null where done_at is null and failed_at is null`
  await sql.notify('outbox', '')
}

/**
 * Simulates a minute after the only worker died: its locks in the queue and the leases have
 * expired. The next worker looks for such jobs when it starts.
 */
export async function passMinute(sql: postgres.Sql, redisUrl: string | undefined): Promise<void> {
  // The last statements of the worker may still be in flight.
  await eventually(async () => (await countConnections(sql)) === 0)
  await passLeases(sql)
  if (redisUrl !== undefined) return passLocksInRedis(redisUrl)
  await sql`delete from jobs.meta where field = 'stalled-check'`
  await sql`update jobs.job set locked_until_ms = 0, stalled_marked = true where state = 'active'`
}

async function countConnections(sql: postgres.Sql): Promise<number> {
  const connections = await sql`
    select from pg_stat_activity where datname = current_database() and usename <> current_user`
  return connections.length
}

async function passLocksInRedis(url: string): Promise<void> {
  const redis = new Redis(url)
  await eventually(
    async () =>
      String(await redis.client('LIST'))
        .trim()
        .split('\n').length === 1,
  )
  const [meta = ''] = await redis.keys(`*:${QUEUE_NAME}:meta`)
  const key = (name: string) => meta.replace(/meta$/, name)
  const active = await redis.lrange(key('active'), 0, -1)
  await redis.del(key('stalled-check'), ...active.map((id) => key(`${id}:lock`)))
  if (active.length > 0) await redis.sadd(key('stalled'), ...active)
  redis.disconnect()
}

const MINUTES = 30
const MINUTE_MS = 3_000

/** Waits until no job is open, except for dead letters. */
export async function finishJobs(sql: postgres.Sql): Promise<void> {
  const isFinished = async () => (await countOpenJobs(sql)) === 0
  for (let minute = 0; minute < MINUTES; minute += 1) {
    await passLeases(sql)
    if (await eventually(isFinished, MINUTE_MS).catch(() => false)) return
  }
  throw new Error(`${await countOpenJobs(sql)} jobs are not done`)
}

async function countOpenJobs(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from outbox where done_at is null and failed_at is null and not scheduled`
  return row?.count ?? 0
}
