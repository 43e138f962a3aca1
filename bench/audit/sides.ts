import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { withAllMoved } from '../../src/db/audit/new-entries.js'
import { createDatabaseClient, type Db, type Tx } from '../../src/db/driver/client.js'
import { currentContext } from '../../src/lib/audit/context.js'
import { REDACTED } from '../../src/lib/audit/redact.js'
import { inRequest } from './request.js'
import { auditedUsers, plainUsers, type Users, wrappedUsers, wrapperEntries } from './tables.js'

export const OPERATIONS = ['insert', 'update', 'delete'] as const
export type Operation = (typeof OPERATIONS)[number]

type Row = Users['$inferSelect']
type Statements = {
  insert: () => Promise<Row>
  update: (id: string) => Promise<Row>
  delete: (id: string) => Promise<Row>
}

export const APPLICATION_NAME = 'audit bench'

/** `bare` is `plain` outside of a request, without a request context. */
export type SideName = 'audited' | 'plain' | 'bare' | 'wrapped'
export type Side = Record<Operation, () => Promise<unknown>> & {
  /** Does the rest of the work of the writes. It counts as part of them. */
  settle?: () => Promise<void>
}
export type Sides = Record<SideName, Side>

export const MAX_CLIENTS = 32

/** All sides share these connections, one after the other. */
export const openClient = (url: string) =>
  createDatabaseClient({
    url,
    applicationName: APPLICATION_NAME,
    poolMax: MAX_CLIENTS,
    isolationLevel: 'read committed',
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
    idleTransactionTimeoutMs: 60_000,
  })

const newRow = () => ({
  email: `${randomUUID()}@example.com`,
  passwordHash: 'x'.repeat(97),
  firstName: 'Ada',
  lastName: 'Lovelace',
})

export function makeSides(db: Db, ids: Map<Users, string[]>): Sides {
  const make = (
    table: Users,
    statements: Statements,
    run: (write: () => Promise<Row>) => Promise<Row>,
  ): Side => {
    const stock = ids.get(table) as string[]
    return {
      insert: async () => stock.push((await run(statements.insert)).id),
      update: () => run(() => statements.update(stock[Math.floor(Math.random() * stock.length)] as string)),
      delete: () => run(() => statements.delete(stock.pop() as string)),
    }
  }
  return {
    audited: {
      ...make(auditedUsers, direct(db, auditedUsers), inRequest),
      settle: () => withAllMoved(db, async () => undefined),
    },
    plain: make(plainUsers, direct(db, plainUsers), inRequest),
    bare: make(plainUsers, direct(db, plainUsers), (write) => write()),
    wrapped: make(wrappedUsers, wrapped(db, wrappedUsers), inRequest),
  }
}

const only = (rows: Row[]): Row => {
  const [row] = rows
  if (!row) throw new Error('A write of the bench found no row')
  return row
}

const direct = (db: Db | Tx, table: Users): Statements => ({
  insert: async () => only(await db.insert(table).values(newRow()).returning()),
  update: async (id: string) =>
    only(await db.update(table).set({ firstName: randomUUID() }).where(eq(table.id, id)).returning()),
  delete: async (id: string) => only(await db.delete(table).where(eq(table.id, id)).returning()),
})

/** The naive way: read the row, change it and write the entry, in one transaction. */
const wrapped = (db: Db, table: Users): Statements => {
  const find = async (tx: Tx, id: string) => only(await tx.select().from(table).where(eq(table.id, id)))
  return {
    insert: () =>
      db.transaction(async (tx) => {
        const after = await direct(tx, table).insert()
        await record(tx, 'create', undefined, after)
        return after
      }),
    update: (id: string) =>
      db.transaction(async (tx) => {
        const before = await find(tx, id)
        const after = await direct(tx, table).update(id)
        await record(tx, 'update', before, after)
        return after
      }),
    delete: (id: string) =>
      db.transaction(async (tx) => {
        const before = await find(tx, id)
        await direct(tx, table).delete(id)
        await record(tx, 'delete', before, undefined)
        return before
      }),
  }
}

async function record(tx: Tx, action: string, before: Row | undefined, after: Row | undefined) {
  const { actor = 'anonymous', userId, requestId, describeRequest } = currentContext() ?? {}
  const state = (row: Row | undefined) => row && { ...row, passwordHash: REDACTED }
  await tx.insert(wrapperEntries).values({
    createdAt: new Date(),
    actor,
    userId,
    requestId,
    tableName: 'wrapped_users',
    objectId: (before ?? after)?.id ?? '',
    action,
    stateBefore: state(before),
    stateAfter: state(after),
    ...describeRequest?.(),
  })
}
