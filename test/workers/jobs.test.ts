import pino from 'pino'
import t from 'tap'
import { PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { startOnboarding } from '../helpers/onboarding.js'

const ada = { email: 'ada@example.com', password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' }

const backends = { PostgreSQL: {}, Redis: { REDIS_URL: process.env.REDIS_TEST_URL } }

for (const [name, { REDIS_URL }] of Object.entries<{ REDIS_URL?: string | undefined }>(backends)) {
  const skip = name === 'Redis' && !REDIS_URL && 'REDIS_TEST_URL names no Redis'
  const config = REDIS_URL === undefined ? {} : { REDIS_URL }

  t.test(`jobs on ${name} are done once their transaction has committed, and marked`, { skip }, async (t) => {
    const { anonymous, mailbox, database } = await startOnboarding(t, { config })
    const sql = connect(t, database.ownerUrl)
    await anonymous.post('/auth/register', ada)
    const mail = await mailbox.next(ada.email)
    await eventually(async () => {
      const [row] = await sql`select bool_and(done_at is not null) as done, count(*)::int as jobs from outbox`
      return row?.done && row.jobs === 2
    })
    const [sent] = await sql`select id from outbox where job = 'send-link'`
    t.match(mail.messageId, sent?.id, 'the mail is named after its job')
    const actors = await sql`select distinct actor from audit.audit_log`
    t.strictSame(
      actors.map(({ actor }) => actor),
      ['anonymous'],
    )
  })

  t.test(`a job on ${name} that the mail server refuses for good is not tried again`, { skip }, async (t) => {
    const lines: string[] = []
    const logger = pino({}, { write: (line) => lines.push(line) })
    const { anonymous, mailbox, database } = await startOnboarding(t, { config, logger })
    const sql = connect(t, database.ownerUrl)
    mailbox.behave({ recipient: 550 })
    await anonymous.post('/auth/register', ada)
    await eventually(() => lines.some((line) => line.includes('job failed')))
    mailbox.behave()
    await anonymous.post('/auth/register', { ...ada, email: 'grace@example.com' })
    await mailbox.next('grace@example.com')
    t.strictSame(
      mailbox.all.map(({ to }) => to),
      ['grace@example.com'],
    )
    const [open] =
      await sql`select count(*)::int as jobs from outbox where done_at is null and job = 'send-link'`
    t.ok(open?.jobs >= 1, 'and stays open, for whoever looks after it')
  })
}
