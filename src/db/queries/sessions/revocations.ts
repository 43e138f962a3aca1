import { gt, inArray } from 'drizzle-orm'
import type { UserRole } from '../../../lib/auth/roles.js'
import type { Db } from '../../driver/client.js'
import { accessRevocations } from '../../schema/sessions.js'

/** Tokens of this session are dead (`role` null), or tokens of this user live only with this role. */
export type AccessRevocation = { subjectId: string; role: UserRole | null }

const columns = { subjectId: accessRevocations.subjectId, role: accessRevocations.role }

export const listAccessRevocations = (db: Db, since: Date): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(gt(accessRevocations.revokedAt, since))

export const findAccessRevocations = (db: Db, subjectIds: string[]): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(inArray(accessRevocations.subjectId, subjectIds))
