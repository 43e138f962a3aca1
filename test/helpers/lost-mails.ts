import type postgres from 'postgres'
import type { ReceivedMail } from './mailbox.js'

/** Inserts accounts together with the job that a registration enqueues. */
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
  /** Registered addresses without a mail. */
  lost: string[]
  /** Addresses with a mail whose registration was never committed. */
  absent: string[]
  /** Addresses whose mails have different message ids; a repeated mail keeps its id. */
  renamed: string[]
  /** The number of mails with the message id of an earlier one. */
  duplicates: number
}

/** Compares the mails with the registered users, each of whom must get one mail. */
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

/** Finds mails that were sent again although their job was marked done. */
export class Marks {
  readonly #sentBefore = new Map<string, number>()

  /** Records the jobs that are marked done. Call it while no worker is running. */
  async record(sql: postgres.Sql, mails: readonly ReceivedMail[]): Promise<void> {
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
