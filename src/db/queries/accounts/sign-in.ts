import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../driver/client.js'
import { registrations } from '../../schema/registrations.js'
import { sessions } from '../../schema/sessions.js'
import { hashingEffort, type User, users } from '../../schema/users.js'

/**
 * Finds the user with an address, and the client addresses of the last sessions. `passwordHash` is that
 * of the newest registration if the account is unconfirmed. `email` must be normalised.
 *
 * A single statement, because a second one would take extra time for known addresses only.
 */
export async function findUserToSignIn(
  db: Db,
  email: string,
): Promise<{ user: User | undefined; addresses: string[] }> {
  const addresses = sql<string | null>`(select string_agg(ip, ' ') from (
    select s.ip from ${sessions} s where s.user_id = "users"."id" and s.ip is not null
    order by s.created_at desc limit ${REMEMBERED_SESSIONS}) recent)`
  const passwordHash = sql<string | null>`coalesce("users"."password_hash", (
    select r.password_hash from ${registrations} r where r.user_id = "users"."id"
    order by r.created_at desc, r.id desc limit 1))`
  const [found] = await db
    .select({ user: { ...getTableColumns(users), passwordHash }, addresses })
    .from(users)
    .where(eq(users.email, email))
  return { user: found?.user, addresses: found?.addresses?.split(' ') ?? [] }
}

const REMEMBERED_SESSIONS = 50

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

/**
 * Replaces the hash of the same password with a stronger one. `updatedAt` and `securityVersion` stay,
 * and so do sessions and links. Does nothing if the password was changed meanwhile.
 */
export const upgradePasswordHash = (
  db: Db,
  { id, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
  betterHash: string,
): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.execute(sql`select set_config('app.same_password', 'on', true)`)
    await tx
      .update(users)
      .set({ passwordHash: betterHash, updatedAt: sql`${users.updatedAt}` })
      .where(and(eq(users.id, id), eq(users.passwordHash, passwordHash ?? '')))
  })
