import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../driver/client.js'
import { registrations } from '../../schema/registrations.js'
import { hashingEffort, users } from '../../schema/users.js'

/**
 * The distinct hash parameters of all passwords (see `hashingEffort`), including those of unconfirmed
 * registrations. Finds the few values by jumping through the index, each from the one before it.
 */
export async function listHashingEfforts(db: Db): Promise<string[]> {
  const effort = hashingEffort(users.passwordHash)
  const next = (condition: SQL) => sql`(select ${effort} from ${users} where ${condition} order by 1 limit 1)`
  const rows = await db.execute<{ effort: string }>(sql`
    with recursive found(effort) as (
      ${next(sql`${effort} is not null`)}
      union all
      select ${next(sql`${effort} > effort`)} from found where effort is not null
    ) select effort from found where effort is not null
    union select ${hashingEffort(registrations.passwordHash)} from ${registrations}`)
  return rows.map(({ effort }) => effort)
}
