// No library serves: @fastify/jwt asks whether a token is trusted, and leaves the list of revoked ones to the
// application.
import type { AccessClaims } from '../../../lib/auth/access-tokens.js'
import type { UserRole } from '../../../lib/auth/roles.js'
import type { Db } from '../../driver/client.js'
import { openListener } from '../../driver/listener.js'
import { type AccessRevocation, findAccessRevocations, listAccessRevocations } from './revocations.js'

export type RevocationList = {
  /**
   * True if the session of the token has ended, or its user no longer has the token's role. Reads
   * memory, or the database while the process cannot listen.
   */
  isRevoked: (claims: AccessClaims) => boolean | Promise<boolean>
  /** Resolves when this process has received all revocations committed before the call. */
  settle: () => Promise<unknown>
  /** `remembered` is the number of revocations in memory. Without `isListening` each check is a query. */
  state: () => { isListening: boolean; remembered: number }
  close: () => Promise<void>
}

type RevocationListOptions = {
  db: Db
  /** Must not lead through a pooler in transaction mode, because LISTEN needs a session. */
  url: string
  tokenLifetimeSeconds: number
  onError: (error: unknown) => void
}

/** Triggers on sessions and users notify this channel with `subjectId` or `subjectId:role`. */
const CHANNEL = 'access_revoked'

type Remembered = { role: UserRole | null; forgetAt: number }

/** The clocks of API processes and database may differ by this. */
const CLOCK_SKEW_MS = 60_000

/**
 * Keeps the access tokens that were revoked before they expire in the memory of each process.
 * PostgreSQL notifies each process when the revoking change commits. The process reads the table
 * `access_revocations` at the start and after every reconnect. While it cannot listen, it looks up
 * each token in that table.
 */
export async function openRevocationList(options: RevocationListOptions): Promise<RevocationList> {
  const { db, url, tokenLifetimeSeconds, onError } = options
  const lifetimeMs = tokenLifetimeSeconds * 1000 + CLOCK_SKEW_MS
  const revoked = new Map<string, Remembered>()
  /** The subjects of notifications that arrive while the table is read. Undefined at other times. */
  let notified: Set<string> | undefined

  const remember = ({ subjectId, role }: AccessRevocation) =>
    revoked.set(subjectId, { role, forgetAt: Date.now() + lifetimeMs })

  const listener = await openListener({
    url,
    channel: CHANNEL,
    onMessage: (payload) => {
      const revocation = parseNotification(payload)
      notified?.add(revocation.subjectId)
      remember(revocation)
    },
    onConnected: async () => {
      const newer = new Set<string>()
      notified = newer
      const rows = await listAccessRevocations(db, new Date(Date.now() - lifetimeMs))
      for (const row of rows) if (!newer.has(row.subjectId)) remember(row)
      notified = undefined
    },
    onError,
  })

  const cleanup = setInterval(() => forgetExpired(revoked), CLOCK_SKEW_MS).unref()

  return {
    isRevoked: (claims) =>
      listener.isListening ? isListed(claims, (id) => revoked.get(id)) : isRevokedInDatabase(db, claims),
    settle: () => listener.settle(),
    state: () => ({ isListening: listener.isListening, remembered: revoked.size }),
    close: async () => {
      clearInterval(cleanup)
      await listener.close()
    },
  }
}

function forgetExpired(revoked: Map<string, Remembered>): void {
  const now = Date.now()
  for (const [subjectId, { forgetAt }] of revoked) if (forgetAt < now) revoked.delete(subjectId)
}

async function isRevokedInDatabase(db: Db, claims: AccessClaims): Promise<boolean> {
  const rows = await findAccessRevocations(db, [claims.sessionId, claims.userId])
  return isListed(claims, (id) => rows.find((row) => row.subjectId === id))
}

function parseNotification(payload: string): AccessRevocation {
  const [subjectId = '', role = null] = payload.split(':') as [string?, UserRole?]
  return { subjectId, role }
}

type Find = (subjectId: string) => Pick<AccessRevocation, 'role'> | undefined

/** A user's revocation names the new role, and revokes only tokens with another one. */
function isListed({ userId, sessionId, role }: AccessClaims, find: Find): boolean {
  const ofUser = find(userId)
  return find(sessionId) !== undefined || (ofUser !== undefined && ofUser.role !== role)
}
