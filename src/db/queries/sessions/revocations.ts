import { gt, inArray } from 'drizzle-orm'
import type { UserRole } from '../../../lib/auth/roles.js'
import type { Db } from '../../driver/client.js'
import { accessRevocations } from '../../schema/sessions.js'

/**
 * If `role` is null, `subjectId` is a session, and all of its tokens are revoked. Otherwise it is a
 * user, and all tokens with another role are revoked.
 */
export type AccessRevocation = { subjectId: string; role: UserRole | null }

const columns = { subjectId: accessRevocations.subjectId, role: accessRevocations.role }

/** The revocations after `since`. */
export const listAccessRevocations = (db: Db, since: Date): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(gt(accessRevocations.revokedAt, since))

export const findAccessRevocations = (db: Db, subjectIds: string[]): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(inArray(accessRevocations.subjectId, subjectIds))
