import { enqueueScheduled } from '../../src/db/queries/jobs/outbox.js'
import { buildTestApp } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import { startTestWorker } from '../helpers/worker.js'
import t from '../tap.js'

t.test('attributes the changes of a job to the job', async (t) => {
  const testApp = await buildTestApp(t)
  const { app, database, signUp } = testApp
  const { user } = await signUp()
  const sql = connect(t, database.ownerUrl)
  await sql`update sessions set ended_at = now() - interval '1 year', expires_at = now() - interval '1 year'`
  await startTestWorker(t, testApp)
  await enqueueScheduled(app.db, 'purge-expired')
  const entry = await eventually(async () => {
    const [deletion] = await moved(sql)`
      select actor, table_name, state_before ->> 'user_id' as "userId", user_id, url from audit.audit_log where action = 'delete'`
    return deletion
  })
  t.same(entry, {
    actor: 'job:purge-expired',
    table_name: 'sessions',
    userId: user?.id,
    user_id: null,
    url: null,
  })
})
