import { isRead, type OrganizationCaller, type Permission } from '../../lib/auth/permissions.js'
import { uuidV7 } from '../../lib/schema/uuid.js'
import type { Db, Tx } from '../driver/client.js'
import { type Caller, enterToRead, enterToWrite, setScope } from './enter.js'
import { readsIn } from './scoped-reads.js'

declare const madeHere: unique symbol

/** A transaction, or what reads like one, and whose rows row-level security lets it see. Only this file makes one. */
type Scope<Kind extends string> = { readonly tx: Tx; readonly [madeHere]: Kind }

/** One organization, and who acts in it. The first argument of every query of a tenant table. */
export type OrganizationScope = Scope<'organization'> &
  Readonly<OrganizationCaller> & {
    readonly organizationId: string
    /** Null for jobs, and for who is no member yet. */
    readonly userId: string | null
  }

/** One user's memberships and their organizations, to read. */
export type UserScope = Scope<'user'> & { readonly userId: string }

/** Every organization. */
export type PlatformScope = Scope<'platform'>

/**
 * Lets a user do something in an organization. Whoever is no member gets NotFound, as for an organization
 * that does not exist; a member whose role lacks the permission gets Forbidden. Work that writes is one transaction, and holds off every change of
 * the caller's role until it is committed: nobody writes after having been demoted.
 */
export async function withOrganization<T>(
  db: Db,
  caller: Caller,
  organizationId: string,
  permission: Permission,
  work: (scope: OrganizationScope) => Promise<T>,
): Promise<T> {
  const scopeOf = (tx: Tx, member: OrganizationCaller) =>
    toScope<OrganizationScope>({ tx, organizationId, userId: caller.userId, ...member })
  if (isRead(permission)) {
    const member = await enterToRead(db, caller, organizationId, permission)
    return work(scopeOf(readsOf(db, `organization:${organizationId}`), member))
  }
  return db.transaction(async (tx) =>
    work(scopeOf(tx, await enterToWrite(tx, caller, organizationId, permission))),
  )
}

/** For the one that this transaction makes: nobody is a member of it yet, and whoever makes it is its org_admin. */
export const withNewOrganization = <T>(
  db: Db,
  userId: string,
  work: (scope: OrganizationScope) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    const organizationId = uuidV7(Date.now())
    await setScope(tx, `organization:${organizationId}`)
    const caller = { role: 'org_admin', isSuperAdmin: false } as const
    return work(toScope<OrganizationScope>({ tx, organizationId, userId, ...caller }))
  })

export const withOwnOrganizations = <T>(
  db: Db,
  userId: string,
  work: (scope: UserScope) => Promise<T>,
): Promise<T> => work(toScope<UserScope>({ tx: readsOf(db, `user:${userId}`), userId }))

/**
 * Lifts the separation of organizations: for lists of a super_admin, for jobs, for an invitation that is looked up by its token.
 * A test knows who calls this.
 */
export const acrossOrganizations = <T>(db: Db, work: (scope: PlatformScope) => Promise<T>): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, 'platform')
    return work(toScope<PlatformScope>({ tx }))
  })

/**
 * From all organizations into one of them, for a caller that needs no membership there; the wider scope is over. The row
 * must be locked, so that the organization is not deleted meanwhile.
 */
export async function narrowTo({ tx }: PlatformScope, organizationId: string): Promise<OrganizationScope> {
  await setScope(tx, `organization:${organizationId}`)
  return toScope<OrganizationScope>({ tx, organizationId, userId: null, role: null, isSuperAdmin: false })
}

/** One organization that is being deleted, and nothing else of it. */
export type DeletionScope = Scope<'deletion'> & { readonly organizationId: string }

/** From the organization to its deletion, which alone sees the row once it is marked. */
export async function narrowToDeletion({ tx, organizationId }: OrganizationScope): Promise<DeletionScope> {
  await setScope(tx, `deletion:${organizationId}`)
  return toScope<DeletionScope>({ tx, organizationId })
}

export const inDeletionOf = <T>(
  db: Db,
  organizationId: string,
  work: (scope: DeletionScope) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, `deletion:${organizationId}`)
    return work(toScope<DeletionScope>({ tx, organizationId }))
  })

/** For the job that deletes what a deleted organization had: one transaction that sees its rows, and no other's. */
export const withRowsOfDeleted = <T>(
  db: Db,
  organizationId: string,
  work: (scope: OrganizationScope) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, `organization:${organizationId}`)
    const nobody = { userId: null, role: null, isSuperAdmin: false }
    return work(toScope<OrganizationScope>({ tx, organizationId, ...nobody }))
  })

/** Each statement by itself, and nothing to roll back. */
const readsOf = (db: Db, scope: string): Tx => readsIn(db, scope) as unknown as Tx

const toScope = <S extends Scope<string>>(parts: Omit<S, typeof madeHere>): S => parts as S
