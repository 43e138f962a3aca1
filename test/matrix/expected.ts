import { isAllowed, type OrganizationCaller } from '../../src/lib/auth/permissions.js'
import type { Operation } from '../helpers/operations.js'
import { CALLERS, type CallerName, CELLS } from './cells.js'

const MEMBERS: Partial<Record<CallerName, OrganizationCaller>> = {
  member: { role: 'member', isSuperAdmin: false },
  org_admin: { role: 'org_admin', isSuperAdmin: false },
  super_admin: { role: null, isSuperAdmin: true },
}

/**
 * The operation of a line: `GET /api/v1/audit-logs` for `GET /api/v1/audit-logs (of the
 * organization)`.
 */
export const operationOf = (line: string): string => line.replace(/ \(.*\)$/, '')

const successOf = ({ documented }: Operation): number =>
  Number(Object.keys(documented.responses).find((status) => status.startsWith('2')))

const isOwn = ({ path }: Operation): boolean => /^\/api\/v1\/me(\/|$)/.test(path)

/** Whether anyone gets the same answer. */
export const isPublicRead = ({ isPublic, method }: Operation): boolean => isPublic && method === 'GET'

/** Whether an operation needs no line of `cells.ts`. */
export const isComputed = (operation: Operation): boolean =>
  operation.documented['x-permission'] !== undefined || isOwn(operation) || isPublicRead(operation)

/**
 * The statuses that follow from a route's permission or role, or from its place: below `/me`
 * everything belongs to the caller. Undefined for other routes.
 */
export function statusesByPolicy(operation: Operation): number[] | undefined {
  const { 'x-permission': permission, 'x-role': role } = operation.documented
  if (!role && !isComputed(operation)) return undefined
  const success = successOf(operation)
  return CALLERS.map((caller) => {
    if (isPublicRead(operation)) return success
    if (caller === 'anonymous') return 401
    if (role) return caller === role ? success : 403
    if (!permission) return success
    const member = MEMBERS[caller]
    if (!member) return 404
    return isAllowed(permission, member) ? success : 403
  })
}

/**
 * Every line of the matrix with its statuses: those of `cells.ts` and one for each operation whose
 * statuses are computed.
 */
export function expectedLines(operations: Operation[]): Record<string, readonly number[]> {
  const computed = operations.flatMap((operation) => {
    const statuses = isComputed(operation) && statusesByPolicy(operation)
    return statuses ? [[operation.name, statuses] as const] : []
  })
  return { ...Object.fromEntries(computed), ...CELLS }
}
