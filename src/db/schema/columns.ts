import { sql } from 'drizzle-orm'
import { customType, timestamp, uuid } from 'drizzle-orm/pg-core'

/** UUIDv7: sorted by time, so the newest rows share the index's last pages, and a list is ordered by its key. */
export const id = () => uuid('id').primaryKey().default(sql`uuid_v7()`)

/** Milliseconds, as on the wire: what a client reads is exactly what is stored. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

export const createdAt = () => moment('created_at').notNull().default(sql`now()`)

export const updatedAt = () =>
  moment('updated_at')
    .notNull()
    .default(sql`now()`)
    .$onUpdateFn(() => sql`now()`)

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
