import { explainColumns, explainDatabase } from '../../src/db/lifecycle/explain.js'
import { connect, createTestDatabase, newerReleaseWasHere } from '../helpers/database.js'
import t from '../tap.js'

t.test('names columns and tables that a route would miss', async (t) => {
  const { ownerUrl } = await createTestDatabase(t)
  const sql = connect(t, ownerUrl)
  t.strictSame(await explainDatabase(ownerUrl), [])
  await sql`alter table users add nickname text`
  await sql`create table shelves (id int)`
  t.strictSame(await explainDatabase(ownerUrl), [], 'more than the code needs is no mistake')

  await sql`alter table users rename last_name to family_name`
  await sql`drop table registrations cascade`
  const byHand =
    'although all migrations are applied: it was changed by hand. Undo that, or run npm run db:reset'
  const differences = [
    `the database lacks the table registrations, ${byHand}`,
    `in the database, users lacks last_name, and has family_name, nickname, ${byHand}`,
  ]
  t.strictSame((await explainDatabase(ownerUrl)).sort().reverse(), differences)

  await newerReleaseWasHere(sql)
  t.match(
    await explainDatabase(ownerUrl),
    [/^9999_newer is applied, but without a file here, as is normal during a rollout\./],
    'a newer migration explains the rest',
  )
  t.strictSame((await explainColumns(ownerUrl)).length, 2)
})
