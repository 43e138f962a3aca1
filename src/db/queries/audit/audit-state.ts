import { and, asc, desc, eq } from 'drizzle-orm'
import { NotFound } from '../../../lib/errors/errors.js'
import { auditLog } from '../../audit/log.js'
import { moveForReaders } from '../../audit/new-entries.js'
import type { State } from '../../audit/parse-state.js'
import { toApiState } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'
import { asText } from './audit-entries.js'
import { atOrBefore, matchesObject, matchesOrganization } from './audit-filters.js'

type AuditedObject = { tableName: string; objectId: string; organizationId?: string }
type ObjectState = {
  state: State | null
  /** The entry that led to this state. Null for a time before the first entry. */
  entryId: string | null
}

/**
 * The state of an object at a time; default: now.
 * @throws {NotFound} when the object has no entries
 */
export async function getObjectState(db: Db, object: AuditedObject, at?: Date): Promise<ObjectState> {
  await moveForReaders(db)
  const { tableName, objectId, organizationId } = object
  const isOfObject = and(
    eq(auditLog.tableName, tableName),
    matchesObject(objectId),
    matchesOrganization(organizationId),
  )
  const [last] = await db
    .select({ id: auditLog.id, state: asText(auditLog.stateAfter) })
    .from(auditLog)
    .where(and(isOfObject, at && atOrBefore(at)))
    .orderBy(desc(auditLog.id))
    .limit(1)
  if (last) return { state: toApiState(tableName, last.state), entryId: last.id }
  // The state before the first entry: null, unless the object is older than the log.
  const [first] = await db
    .select({ state: asText(auditLog.stateBefore) })
    .from(auditLog)
    .where(isOfObject)
    .orderBy(asc(auditLog.id))
    .limit(1)
  if (!first) throw new NotFound()
  return { state: toApiState(tableName, first.state), entryId: null }
}
