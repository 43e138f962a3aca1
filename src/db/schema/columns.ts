import { sql, type Table } from 'drizzle-orm'
import { customType, timestamp, uuid } from 'drizzle-orm/pg-core'

/** UUIDv7: ordered by time, so new rows share the last pages of the index, and ids sort by age. */
export const id = () => uuid('id').primaryKey().default(sql`uuid_v7()`)

/** A time in milliseconds, as in the API: clients read exactly the stored value. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

export const createdAt = () => moment('created_at').notNull().default(sql`now()`)

export const updatedAt = () =>
  moment('updated_at')
    .notNull()
    .default(sql`now()`)
    .$onUpdateFn(() => sql`now()`)

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/**
 * A request body with the types of its table. Does not compile if a field has no column, because
 * drizzle would silently drop the field.
 */
export type StoredIn<
  T extends Table,
  Body extends {
    [Field in keyof Body]: Field extends keyof T['$inferInsert'] ? T['$inferInsert'][Field] : never
  },
> = Body
