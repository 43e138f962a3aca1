import { enqueueScheduled } from '../../src/db/queries/jobs/outbox.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t from '../tap.js'

t.test('reports failed jobs to each active super_admin once, and nothing without failures', async (t) => {
  const { app, mailbox, database, signUp } = await startOnboarding(t)
  const sql = connect(t, database.ownerUrl)
  for (const email of ['one@example.com', 'two@example.com', 'disabled@example.com']) {
    await signUp({ role: 'super_admin', email })
  }
  await sql`update users set status = 'disabled' where email = 'disabled@example.com'`
  await signUp({ email: 'user@example.com' })
  const report = async () => {
    await enqueueScheduled(app.db, 'report-failed-jobs')
    await eventually(async () => {
      const open = await sql`select from outbox where done_at is null and failed_at is null`
      return open.length === 0
    })
  }
  await report()
  t.strictSame(mailbox.all, [])

  await sql`insert into outbox (job, payload, attempts, last_error, failed_at)
    select job, '{}', 1, 'Nobody@example.com was not found', now()
    from unnest(array['send-link', 'send-link', 'send-notice']) as job`
  await report()
  t.strictSame(mailbox.all.map(({ recipients }) => recipients).sort(), [
    ['one@example.com'],
    ['two@example.com'],
  ])
  for (const { subject, text } of mailbox.all) {
    t.equal(subject, 'Some jobs have failed permanently')
    t.match(text, /\n2 × send-link\n\n1 × send-notice\n/)
    t.notMatch(text, /nobody@/i, 'the mail contains no error message')
  }

  await sql`delete from outbox where failed_at is not null`
  await report()
  t.equal(mailbox.all.length, 2)
})
