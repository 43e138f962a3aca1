import { and, asc, desc, eq } from 'drizzle-orm'
import { NotFound } from '../../../lib/errors/errors.js'
import { auditLog } from '../../audit/log.js'
import type { State } from '../../audit/parse-state.js'
import { toApiState } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'
import { asText } from './audit-entries.js'
import { isObject, isOf, until } from './audit-filters.js'

type AuditedObject = { tableName: string; objectId: string; organizationId?: string }
type ObjectState = {
  state: State | null
  /** The entry that left it so; null at a time before the first one. */
  entryId: string | null
}

/** What an object was at a moment, or is now. Throws NotFound for one that has no entries. */
export async function getObjectState(db: Db, object: AuditedObject, at?: Date): Promise<ObjectState> {
  const { tableName, objectId, organizationId } = object
  const ofObject = and(eq(auditLog.tableName, tableName), isObject(objectId), isOf(organizationId))
  const [last] = await db
    .select({ id: auditLog.id, state: asText(auditLog.stateAfter) })
    .from(auditLog)
    .where(and(ofObject, at && until(at)))
    .orderBy(desc(auditLog.id))
    .limit(1)
  if (last) return { state: toApiState(tableName, last.state), entryId: last.id }
  // What its first entry found there: nothing, unless the object is older than the log.
  const [first] = await db
    .select({ state: asText(auditLog.stateBefore) })
    .from(auditLog)
    .where(ofObject)
    .orderBy(asc(auditLog.id))
    .limit(1)
  if (!first) throw new NotFound()
  return { state: toApiState(tableName, first.state), entryId: null }
}
