import { and, eq, isNull, ne } from 'drizzle-orm'
import { NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery } from '../../../lib/schema/pagination.js'
import type { Db } from '../../driver/client.js'
import { type Session, sessions } from '../../schema/sessions.js'
import { keysetPage } from '../page.js'
import { isLive } from './create-session.js'

/** The live sessions of a user. */
export async function listSessions(
  db: Db,
  userId: string,
  query: PageQuery<'createdAt' | '-createdAt'>,
): Promise<Page<Session>> {
  const page = keysetPage<Session, 'createdAt'>({ createdAt: sessions.createdAt }, sessions.id, query)
  const rows = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isLive(), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** Ends a session. A trigger revokes its access tokens and notifies every process. */
export async function endSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
}

/** @throws {NotFound} when the session belongs to another user or has ended */
export async function endOwnSession(db: Db, userId: string, id: string): Promise<void> {
  const ended = await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  if (ended.length === 0) throw new NotFound()
}

/** Ends all sessions of a user, except the session `except`. */
export async function endSessions(
  db: Db,
  userId: string,
  { except }: { except?: string } = {},
): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        except === undefined ? undefined : ne(sessions.id, except),
      ),
    )
}
