import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { buildProgram } from './built.js'
import { connect, createTestDatabase } from './database.js'
import { balance, insertRegistrations, Marks } from './lost-mails.js'
import { startMailbox } from './mailbox.js'
import { finishJobs, passMinute } from './passing-time.js'

const MAILS_A_KILL = 6

/** The longest delay of the mail server, so that jobs are in flight whenever a worker is killed. */
const MAX_DELAY_MS = 30

/**
 * Kills one worker after another while it sends mails, and compares the mails with the registered
 * users.
 */
export async function killWorkers(
  t: Test,
  kills: number,
  backend: { REDIS_URL?: string } = {},
): Promise<void> {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const mailbox = await startMailbox(t)
  mailbox.behave({ withinMs: MAX_DELAY_MS })
  const program = await buildProgram(t, database, { SMTP_URL: mailbox.url, ...backend })
  const marks = new Marks()

  for (let left = kills; left > 0; left -= 1) {
    await insertRegistrations(sql, MAILS_A_KILL)
    const worker = program.spawnWorker()
    const wanted = mailbox.all.length + randomInt(1, MAILS_A_KILL)
    while (mailbox.all.length < wanted) await mailbox.next()
    // Right after a mail was accepted, which is the worst moment, or at a random one.
    if (left % 2 === 0) await delay(randomInt(MAX_DELAY_MS))
    worker.child.kill('SIGKILL')
    t.match(await worker.ended, { signal: 'SIGKILL' })
    await marks.record(sql, mailbox.all)
    await passMinute(sql, backend.REDIS_URL)
  }
  mailbox.behave()
  await program.startWorker()
  await finishJobs(sql)

  const { duplicates, ...mistakes } = await balance(sql, mailbox.all)
  t.same(mistakes, { lost: [], absent: [], renamed: [] })
  t.same(marks.sentAfter(mailbox.all), [], 'no mail is sent again after its job was marked done')
  t.same([...(await sql`select id from outbox where failed_at is not null`)], [], 'leaves no dead letter')
  t.comment(`${kills} kills, ${kills * MAILS_A_KILL} mails, ${duplicates} duplicates`)
}
