import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../driver/client.js'
import { registrations } from '../../schema/registrations.js'
import { hashingEffort, users } from '../../schema/users.js'

/**
 * With how much effort the passwords of all accounts were hashed: a few values, each found by the one before it in the
 * index. With those of registrations that no mailbox has confirmed, which are few.
 */
export async function listHashingEfforts(db: Db): Promise<string[]> {
  const own = hashingEffort(users.passwordHash)
  const next = (after: SQL) => sql`(select ${own} from ${users} where ${after} order by 1 limit 1)`
  const rows = await db.execute<{ effort: string }>(sql`
    with recursive found(effort) as (
      ${next(sql`${own} is not null`)}
      union all
      select ${next(sql`${own} > effort`)} from found where effort is not null
    ) select effort from found where effort is not null
    union select ${hashingEffort(registrations.passwordHash)} from ${registrations}`)
  return rows.map(({ effort }) => effort)
}
