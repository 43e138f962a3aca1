import { openAuditTest } from '../helpers/audit.js'
import { connect } from '../helpers/database.js'
import t from '../tap.js'

t.test(
  'a transaction without drizzle commits as a whole, at the requested isolation level, or not at all',
  async (t) => {
    const { transactions, owner } = await openAuditTest(t)
    const level = await transactions.begin('isolation level serializable', async (tx) => {
      await tx`insert into sign_in_throttles values ('\\x01', 1, now())`
      const [row] = await tx<{ level: string }[]>`select current_setting('transaction_isolation') as level`
      return row?.level
    })
    t.equal(level, 'serializable')
    const failing = transactions.begin('', async (tx) => {
      await tx`insert into sign_in_throttles values ('\\x02', 1, now())`
      throw new Error('after all not')
    })
    await t.rejects(failing, { message: 'after all not' })
    t.equal((await owner`select from sign_in_throttles`).length, 1)
  },
)

t.test('a transaction fails when its connection is lost, and the next one works', async (t) => {
  const { transactions, database } = await openAuditTest(t, { poolMax: 1 })
  const admin = connect(t, database.adminUrl)
  for (const isBusy of [true, false]) {
    const lost = transactions.begin('', async (tx) => {
      const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`
      const end = () => admin`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`
      if (isBusy) await Promise.all([tx`select pg_sleep(60)`, end()])
      else await end()
      await tx`select 1`
    })
    await t.rejects(lost, isBusy ? 'lost during a statement' : 'lost between two statements')
    t.match(await transactions.begin('', (tx) => tx`select 1 as one`), [{ one: 1 }])
  }
})
