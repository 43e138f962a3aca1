/**
 * Measures the cost of the audit log for writes: the same statements on an
 * audited table, on a plain one, and in a naive wrapper.
 */
import postgres from 'postgres'
import { type BulkRound, measureBulkRound } from './audit/bulk.js'
import { openBenchDatabase } from './audit/database.js'
import {
  APPLICATION_NAME,
  MAX_CLIENTS,
  makeSides,
  OPERATIONS,
  type Operation,
  openClient,
  type SideName,
} from './audit/sides.js'
import { createTables } from './audit/tables.js'
import { type Figures, measureRound, measureWindow, type Round } from './audit/windows.js'
import { median } from './lib/compare.js'
import { report as reportFigure, roundsOf } from './lib/figures.js'

const ROUNDS = roundsOf({ usual: 9, quick: 3 })
const WARM_UP_MS = 400
const CLIENTS = [1, MAX_CLIENTS]

type Measured = { operation: Operation; clients: number; rounds: Round[] }

const database = await openBenchDatabase()
try {
  const ids = await createTables(database)
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} })
  const { db, close } = openClient(database.appUrl)
  const sides = makeSides(db, ids)
  await describeServer(admin)

  const measured: Measured[] = CLIENTS.flatMap((clients) =>
    OPERATIONS.map((operation) => ({ operation, clients, rounds: [] })),
  )
  for (const { operation, clients } of measured) {
    for (const side of Object.values(sides)) await measureWindow(side, operation, clients, [], WARM_UP_MS)
  }
  const backends = await listBackends(admin)
  await measureBulkRound(db, backends)
  const bulk: BulkRound[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { operation, clients, rounds } of measured) {
      rounds.push(await measureRound(sides, operation, clients, backends))
    }
    for (let i = 0; i < 3; i += 1) bulk.push(await measureBulkRound(db, backends))
  }
  report(measured)
  reportBulk(bulk)
  await Promise.all([admin.end(), close()])
} finally {
  await database.close()
}

async function listBackends(admin: postgres.Sql): Promise<number[]> {
  const backends = await admin<{ pid: number }[]>`
    select pid from pg_stat_activity where application_name = ${APPLICATION_NAME}`
  return backends.map(({ pid }) => pid)
}

async function describeServer(admin: postgres.Sql): Promise<void> {
  const [server] = await admin<{ version: string; fsync: string; commit: string }[]>`
    select current_setting('server_version') as version, current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as commit`
  console.log(`PostgreSQL ${server?.version}, fsync ${server?.fsync}, synchronous_commit ${server?.commit}`)
}

function report(measured: readonly Measured[]): void {
  const lines = measured.map(lineOf)
  const of = (clients: number) => lines.filter((line) => line.clients === clients)
  console.log(`Writes of one row, medians of ${ROUNDS} rounds`)
  console.table(lines)
  reportFigure('auditOneClient', Math.min(...of(1).map(({ throughput }) => throughput)))
  reportFigure('auditManyClients', Math.min(...of(MAX_CLIENTS).map(({ throughput }) => throughput)))
  reportFigure('auditCpu', Math.max(...lines.map(({ CPU }) => CPU)))
  reportFigure('auditWrapper', Math.min(...lines.map((line) => line['to wrapper'])))
  console.log(
    'Throughput and CPU are the ratio of audited to plain: the same requests on a table without the trigger.',
  )
  console.log('bare is plain outside of a request. CPU is the sum of Node and the database backends.')
}

function lineOf({ operation, clients, rounds }: Measured) {
  const ratio = (to: SideName, figure: (figures: Figures) => number) =>
    Number(median(rounds.map((round) => figure(round.audited) / figure(round[to]))).toFixed(2))
  const perSecond = (figures: Figures) => figures.perSecond
  const cpuUs = ({ nodeUs, backendsUs }: Figures) => nodeUs + backendsUs
  const cpuOf = (side: SideName) =>
    (['nodeUs', 'backendsUs'] as const)
      .map((figure) => Math.round(median(rounds.map((round) => round[side][figure]))))
      .join(' + ')
  return {
    operation,
    clients,
    throughput: ratio('plain', perSecond),
    'to bare': ratio('bare', perSecond),
    CPU: ratio('plain', cpuUs),
    'CPU to bare': ratio('bare', cpuUs),
    'to wrapper': ratio('wrapped', perSecond),
    'CPU µs audited': cpuOf('audited'),
    'CPU µs plain': cpuOf('plain'),
  }
}

function reportBulk(rounds: readonly BulkRound[]): void {
  const middle = (figure: (round: BulkRound) => number) => Number(median(rounds.map(figure)).toFixed(1))
  const line = (operation: 'insert' | 'update') => {
    const added = (figure: 'elapsedUs' | 'cpuUs') =>
      middle(({ audited, plain }) => audited[operation][figure] - plain[operation][figure])
    return {
      operation,
      'CPU plain': middle(({ plain }) => plain[operation].cpuUs),
      'CPU audited': middle(({ audited }) => audited[operation].cpuUs),
      'CPU added': added('cpuUs'),
      'time added': added('elapsedUs'),
      'CPU of the move': middle(
        ({ audited }) => audited[operation === 'insert' ? 'moveInsert' : 'moveUpdate'].cpuUs,
      ),
    }
  }
  console.log("A thousand rows in one statement, µs a row of the database's CPU and of time")
  const lines = [line('insert'), line('update')]
  console.table(lines)
  reportFigure('auditBulk', Math.max(...lines.map((each) => each['CPU added'])))
}
