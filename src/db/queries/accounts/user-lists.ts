import { and, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { UserRole, UserStatus } from '../../../lib/auth/roles.js'
import type { Page, PageQuery, SortOf } from '../../../lib/schema/pagination.js'
import type { Db } from '../../driver/client.js'
import { prepareEach } from '../../driver/prepare-once.js'
import { type User, users } from '../../schema/users.js'
import { contains, equals } from '../filters.js'
import { keysetPage } from '../page.js'

const SORTABLE = {
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
}

export const USER_SORT_FIELDS = ['email', 'firstName', 'lastName', 'createdAt', 'updatedAt'] as const
type UserSort = SortOf<(typeof USER_SORT_FIELDS)[number]>

/** `q` searches address and names for a text, ignoring case. */
export type UserFilters = PageQuery<UserSort> & { q?: string; role?: UserRole; status?: UserStatus }

type SelectedPage = { where?: SQL | undefined; orderBy: SQL[]; limit: number | Placeholder }

const selectPage = (db: Db, { where, orderBy, limit }: SelectedPage) =>
  db
    .select()
    .from(users)
    .where(where)
    .orderBy(...orderBy)
    .limit(limit)

const keysetOf = (query: PageQuery<UserSort>) =>
  keysetPage<User, (typeof USER_SORT_FIELDS)[number]>(SORTABLE, users.id, query)

/** The most frequent query, prepared: the first page without filters, in each sort order. */
const firstPage = prepareEach((db, sort: UserSort) => {
  const { orderBy } = keysetOf({ sort, limit: 1 })
  return selectPage(db, { orderBy, limit: sql.placeholder('limit') }).prepare('users_first_page')
})

export async function listUsers(db: Db, filters: UserFilters): Promise<Page<User>> {
  const page = keysetOf(filters)
  const where = and(
    equals(users.role, filters.role),
    equals(users.status, filters.status),
    contains([users.email, users.firstName, users.lastName], filters.q),
    page.after,
  )
  const rows = where
    ? await selectPage(db, { ...page, where })
    : await firstPage(db, filters.sort).execute({ limit: page.limit })
  return page.toPage(rows)
}
