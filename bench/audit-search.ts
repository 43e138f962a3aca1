/**
 * Compares the first page of each search of the audit log with reading one
 * entry by its id, on the same million entries.
 */
import postgres from 'postgres'
import { createDatabaseClient } from '../src/db/driver/client.js'
import { getAuditEntry, listAuditEntries } from '../src/db/queries/audit/audit-log.js'
import { getObjectState } from '../src/db/queries/audit/audit-state.js'
import { clientOptions } from '../test/helpers/audit.js'
import { FILLED, fillAuditLog } from '../test/helpers/audit-entries.js'
import { openBenchDatabase } from './audit/database.js'
import { median } from './lib/compare.js'
import { report } from './lib/figures.js'

const ENTRIES = Number(process.env.ENTRIES ?? 1_000_000)
const ROUNDS = Number(process.env.ROUNDS ?? 40)

type Entry = {
  id: string
  tableName: string
  objectId: string
  requestId: string
  organizationId: string
  time: Date
}
type Filters = Omit<Parameters<typeof listAuditEntries>[1], 'limit' | 'sort'>

const database = await openBenchDatabase()
const client = createDatabaseClient(clientOptions(database.appUrl, 1))
try {
  await fillAuditLog(database.ownerUrl, ENTRIES)
  const entries = await pickEntries()
  const lines = []
  for (const { name, search } of searchesOf(entries)) lines.push(await compare(name, search, entries))
  console.log(`First pages of ${ENTRIES} entries, medians of ${ROUNDS} rounds`)
  console.table(lines)
  report('auditSearch', Math.max(...lines.map(({ times }) => times)))
} finally {
  await client.close()
  await database.close()
}

async function pickEntries(): Promise<Entry[]> {
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => {} })
  // Both sides then find their pages in memory and marked all-visible,
  // as on a server that has run for a while.
  await sql`vacuum analyze audit.audit_log`
  const rows = await sql<Entry[]>`
    select id, table_name as "tableName", object_id as "objectId", request_id as "requestId", organization_id as "organizationId", created_at as time
    from audit.audit_log tablesample bernoulli (1) where organization_id is not null limit ${ROUNDS}`
  await sql.end()
  return [...rows]
}

/** Each search uses the entry of the round, so that different pages are read. */
function searchesOf(entries: Entry[]) {
  const { tables, fields, oldField, oldTable, busyUser, quietUser } = FILLED
  const middle = entries[Math.floor(entries.length / 2)]?.time ?? new Date()
  const first = (filters: (entry: Entry) => Filters) => (entry: Entry) =>
    listAuditEntries(client.db, { ...filters(entry), limit: 20, sort: '-createdAt' })
  const changed = (field: string, tableName?: string) =>
    first(() => ({ changed: field, ...(tableName && { tableName }) }))
  return [
    { name: 'no filter', search: first(() => ({})) },
    { name: 'tableName, most entries', search: first(() => ({ tableName: tables.most })) },
    { name: 'tableName, few entries', search: first(() => ({ tableName: tables.least })) },
    { name: 'tableName, long ago', search: first(() => ({ tableName: oldTable })) },
    { name: 'objectId', search: first(({ objectId }) => ({ objectId })) },
    { name: 'userId, busy', search: first(() => ({ userId: busyUser })) },
    { name: 'userId, quiet', search: first(() => ({ userId: quietUser })) },
    { name: 'organizationId', search: first(({ organizationId }) => ({ organizationId })) },
    { name: 'action=create', search: first(() => ({ action: 'create' })) },
    { name: 'action=update', search: first(() => ({ action: 'update' })) },
    { name: 'action=delete', search: first(() => ({ action: 'delete' })) },
    { name: 'requestId', search: first(({ requestId }) => ({ requestId })) },
    { name: 'from', search: first(({ time }) => ({ from: time })) },
    { name: 'to', search: first(({ time }) => ({ to: time })) },
    { name: 'changed, most', search: changed(fields.most) },
    { name: 'changed, one in 20', search: changed(fields.middle) },
    { name: 'changed, one in 30,000', search: changed(fields.least) },
    { name: 'changed, long ago', search: changed(oldField) },
    { name: 'changed, never', search: changed('nothing') },
    { name: 'changed, rare, and tableName', search: changed(fields.least, tables.most) },
    { name: 'changed, long ago, and tableName', search: changed(oldField, tables.middle) },
    { name: 'tableName and action', search: first(() => ({ tableName: oldTable, action: 'delete' })) },
    { name: 'userId and tableName', search: first(() => ({ userId: busyUser, tableName: tables.least })) },
    { name: 'userId and from', search: first(() => ({ userId: busyUser, from: middle })) },
    {
      name: 'state of an object',
      search: ({ objectId }: Entry) =>
        getObjectState(client.db, { tableName: tables.most, objectId }, middle),
    },
  ]
}

/** Interleaves both sides, so that changes in the speed of the machine affect them equally. */
async function compare(name: string, search: (entry: Entry) => Promise<unknown>, entries: Entry[]) {
  const figures: { searchMs: number; lookUpMs: number }[] = []
  for (const entry of [...entries.slice(0, 5), ...entries]) {
    const searchMs = await timeOf(() => search(entry))
    const lookUpMs = await timeOf(() => getAuditEntry(client.db, entry.id))
    figures.push({ searchMs, lookUpMs })
  }
  const warm = figures.slice(5)
  const ms = (values: number[]) => Number(median(values).toFixed(2))
  return {
    search: name,
    'search, ms': ms(warm.map(({ searchMs }) => searchMs)),
    'look-up by id, ms': ms(warm.map(({ lookUpMs }) => lookUpMs)),
    times: Number(median(warm.map(({ searchMs, lookUpMs }) => searchMs / lookUpMs)).toFixed(1)),
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
