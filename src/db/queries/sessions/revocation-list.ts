import type { AccessClaims } from '../../../lib/auth/access-tokens.js'
import type { UserRole } from '../../../lib/auth/roles.js'
import type { Db } from '../../driver/client.js'
import { openListener } from '../../driver/listener.js'
import { type AccessRevocation, findAccessRevocations, listAccessRevocations } from './revocations.js'

export type RevocationList = {
  /** Whether the token's session, or its user in this role, ended before the token expires. From memory, without a query. */
  isRevoked: (claims: AccessClaims) => boolean | Promise<boolean>
  /** Resolves once this process knows of everything committed before the call. */
  settle: () => Promise<unknown>
  /** `remembered` tokens are known to be revoked; without `isListening` the database is asked about each one. */
  state: () => { isListening: boolean; remembered: number }
  close: () => Promise<void>
}

type RevocationListOptions = {
  db: Db
  /** LISTEN needs a connection that stays: no transaction pooler in between. */
  url: string
  tokenLifetimeSeconds: number
  onError: (error: unknown) => void
}

/** Written by the triggers on sessions and users: `subjectId` or `subjectId:role`. */
const CHANNEL = 'access_revoked'

/** Allows for clocks that differ between the API processes and the database. */
const CLOCK_SKEW_MS = 60_000

/**
 * The access tokens that were revoked before they expire, in the memory of each process. PostgreSQL notifies each process when
 * the revoking change commits; the table behind it is read at the start and after every reconnection. While the process
 * cannot listen, each token is looked up in that table instead.
 */
export async function openRevocationList(options: RevocationListOptions): Promise<RevocationList> {
  const { db, url, tokenLifetimeSeconds, onError } = options
  const lifetimeMs = tokenLifetimeSeconds * 1000 + CLOCK_SKEW_MS
  const revoked = new Map<string, { role: UserRole | null; forgetAt: number }>()
  /** Whom announcements were about while the table was being read. */
  let heard: Set<string> | undefined

  const remember = ({ subjectId, role }: AccessRevocation) =>
    revoked.set(subjectId, { role, forgetAt: Date.now() + lifetimeMs })

  const listener = await openListener({
    url,
    channel: CHANNEL,
    onMessage: (payload) => {
      const revocation = parseAnnouncement(payload)
      heard?.add(revocation.subjectId)
      remember(revocation)
    },
    onConnected: async () => {
      const newer = new Set<string>()
      heard = newer
      const rows = await listAccessRevocations(db, new Date(Date.now() - lifetimeMs))
      for (const row of rows) if (!newer.has(row.subjectId)) remember(row)
      heard = undefined
    },
    onError,
  })

  const forgetting = setInterval(() => {
    const now = Date.now()
    for (const [subjectId, { forgetAt }] of revoked) if (forgetAt < now) revoked.delete(subjectId)
  }, CLOCK_SKEW_MS).unref()

  const isRevokedInDatabase = async (claims: AccessClaims) => {
    const rows = await findAccessRevocations(db, [claims.sessionId, claims.userId])
    return isFound(claims, (id) => rows.find((row) => row.subjectId === id))
  }

  return {
    isRevoked: (claims) =>
      listener.isListening() ? isFound(claims, (id) => revoked.get(id)) : isRevokedInDatabase(claims),
    settle: listener.settle,
    state: () => ({ isListening: listener.isListening(), remembered: revoked.size }),
    close: async () => {
      clearInterval(forgetting)
      await listener.close()
    },
  }
}

function parseAnnouncement(payload: string): AccessRevocation {
  const [subjectId = '', role = null] = payload.split(':') as [string?, UserRole?]
  return { subjectId, role }
}

type Find = (subjectId: string) => Pick<AccessRevocation, 'role'> | undefined

/** Of a user with another role, only tokens with the role of before are revoked. */
function isFound({ userId, sessionId, role }: AccessClaims, find: Find): boolean {
  const ofUser = find(userId)
  return find(sessionId) !== undefined || (ofUser !== undefined && ofUser.role !== role)
}
