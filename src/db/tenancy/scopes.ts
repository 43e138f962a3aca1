import { isRead, type OrganizationCaller, type Permission } from '../../lib/auth/permissions.js'
import { uuidV7 } from '../../lib/schema/uuid.js'
import type { Db, Tx } from '../driver/client.js'
import { type Caller, enterPublicly, enterToRead, enterToWrite, setScope } from './enter.js'
import { scopedReads } from './scoped-reads.js'

declare const brand: unique symbol

/**
 * A transaction limited to some rows by row-level security. A scope that only reads has no
 * transaction, but `tx` has the same interface. Only this file creates scopes.
 */
type Scope<Kind extends string> = { readonly tx: Tx; readonly [brand]: Kind }

/** One organization, and the caller who acts in it. The first argument of every query of a tenant table. */
export type OrganizationScope = Scope<'organization'> &
  Readonly<OrganizationCaller> & {
    readonly organizationId: string
    /** Null for jobs, on public routes, and for a caller who accepts an invitation. */
    readonly userId: string | null
  }

/** One user's memberships and organizations, read-only. */
export type UserScope = Scope<'user'> & { readonly userId: string }

/** The rows of all organizations. */
export type PlatformScope = Scope<'platform'>

/**
 * Runs `work` for a caller who has the permission in the organization. If the permission is to write,
 * `work` is one transaction, and a change of the caller's role waits until it ends: no member writes
 * after a demotion.
 * @throws {NotFound} when the organization does not exist, or for non-members
 * @throws {Forbidden} when the role lacks the permission
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
    return work(scopeOf(readOnlyTx(db, `organization:${organizationId}`), member))
  }
  return db.transaction(async (tx) =>
    work(scopeOf(tx, await enterToWrite(tx, caller, organizationId, permission))),
  )
}

/**
 * Runs `work`, which only reads, on the rows of an organization for a public route.
 * @throws {NotFound} when the organization does not exist
 */
export async function withPublicOrganization<T>(
  db: Db,
  organizationId: string,
  work: (scope: OrganizationScope) => Promise<T>,
): Promise<T> {
  await enterPublicly(db, organizationId)
  const tx = readOnlyTx(db, `organization:${organizationId}`)
  return work(toScope<OrganizationScope>({ tx, organizationId, ...NO_CALLER }))
}

/** Runs `work` in the scope of an organization that it creates, as its org_admin. */
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

/** Runs `work` in the scope of a user's own memberships and organizations, read-only. */
export const withOwnOrganizations = <T>(
  db: Db,
  userId: string,
  work: (scope: UserScope) => Promise<T>,
): Promise<T> => work(toScope<UserScope>({ tx: readOnlyTx(db, `user:${userId}`), userId }))

/**
 * Runs `work` in a transaction on the rows of all organizations: for lists of a super_admin, for
 * jobs, and to look up an invitation by its token. A test lists the permitted callers.
 */
export const acrossOrganizations = <T>(db: Db, work: (scope: PlatformScope) => Promise<T>): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, 'platform')
    return work(toScope<PlatformScope>({ tx }))
  })

/**
 * Narrows the transaction from all organizations to one, without a membership. The wider scope ends.
 * The caller must hold a lock on the organization's row, so that it is not deleted meanwhile.
 */
export async function narrowTo({ tx }: PlatformScope, organizationId: string): Promise<OrganizationScope> {
  await setScope(tx, `organization:${organizationId}`)
  return toScope<OrganizationScope>({ tx, organizationId, ...NO_CALLER })
}

/** The row of one deleted organization, without its other rows. */
export type DeletionScope = Scope<'deletion'> & { readonly organizationId: string }

/** Narrows the transaction to the deletion. No other scope sees the row once it is marked as deleted. */
export async function narrowToDeletion({ tx, organizationId }: OrganizationScope): Promise<DeletionScope> {
  await setScope(tx, `deletion:${organizationId}`)
  return toScope<DeletionScope>({ tx, organizationId })
}

/** Runs `work` in a transaction that sees only the row of a deleted organization. */
export const inDeletionOf = <T>(
  db: Db,
  organizationId: string,
  work: (scope: DeletionScope) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, `deletion:${organizationId}`)
    return work(toScope<DeletionScope>({ tx, organizationId }))
  })

/** Runs `work` in a transaction on the rows of a deleted organization, for the job that deletes them. */
export const withRowsOfDeleted = <T>(
  db: Db,
  organizationId: string,
  work: (scope: OrganizationScope) => Promise<T>,
): Promise<T> =>
  db.transaction(async (tx) => {
    await setScope(tx, `organization:${organizationId}`)
    return work(toScope<OrganizationScope>({ tx, organizationId, ...NO_CALLER }))
  })

const NO_CALLER = { userId: null, role: null, isSuperAdmin: false } as const

/** Not a transaction: each statement runs by itself. */
const readOnlyTx = (db: Db, scope: string): Tx => scopedReads(db, scope) as unknown as Tx

const toScope = <S extends Scope<string>>(parts: Omit<S, typeof brand>): S => parts as S
