import type postgres from 'postgres'
import type { ReceivedMail } from './mailbox.js'

/** Accounts with the job that registering asks for, made at once. */
export async function insertRegistrations(sql: postgres.Sql, count: number): Promise<void> {
  await sql`
    with added as (
      insert into users (email, password_hash, first_name, last_name, status)
      select gen_random_uuid() || '@example.com', 'none', 'Ada', 'Test', 'pending' from generate_series(1, ${count}::int)
      returning email
    )
    insert into outbox (job, payload) select 'confirm-registration', jsonb_build_object('email', email) from added`
}

export type Balance = {
  /** Committed, and told nobody. */
  lost: string[]
  /** Told of what never was committed. */
  absent: string[]
  /** The same mail twice would bear one name. */
  renamed: string[]
  /** Bear the name of one that came before. */
  duplicates: number
}

/** What came, against who is registered: each of them is owed one mail. */
export async function balance(sql: postgres.Sql, mails: readonly ReceivedMail[]): Promise<Balance> {
  const users = await sql<{ email: string }[]>`select email from users`
  const registered = new Set(users.map(({ email }) => email))
  const idsOf = new Map<string, Set<string>>()
  for (const { to, messageId } of mails) {
    const ids = idsOf.get(to) ?? new Set()
    idsOf.set(to, ids.add(messageId))
  }
  return {
    lost: [...registered].filter((email) => !idsOf.has(email)),
    absent: [...idsOf.keys()].filter((email) => !registered.has(email)),
    renamed: [...idsOf].filter(([, ids]) => ids.size > 1).map(([email]) => email),
    duplicates: mails.length - new Set(mails.map(({ messageId }) => messageId)).size,
  }
}

/** The mails that were sent once more although their job was marked as done. */
export class Marks {
  readonly #sentBefore = new Map<string, number>()

  /** To be asked when no worker is at work. */
  async note(sql: postgres.Sql, mails: readonly ReceivedMail[]): Promise<void> {
    const done = await sql<
      { id: string }[]
    >`select id from outbox where job = 'send-link' and done_at is not null`
    for (const { id } of done) if (!this.#sentBefore.has(id)) this.#sentBefore.set(id, mails.length)
  }

  sentAfter(mails: readonly ReceivedMail[]): string[] {
    return mails
      .map(({ messageId }) => /^<([^@]+)@/.exec(messageId)?.[1] ?? messageId)
      .filter((id, index) => index >= (this.#sentBefore.get(id) ?? Number.POSITIVE_INFINITY))
  }
}
