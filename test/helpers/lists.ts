import type { FastifyInstance } from 'fastify'
import type postgres from 'postgres'
import type { Client } from './client.js'
import type { FieldValues } from './field-values.js'
import { operationsOf } from './operations.js'

type List = {
  app: FastifyInstance
  /** Sees the rows of the table. */
  sql: postgres.Sql
  client: Client
  path: string
  table: string
  fields: Record<string, FieldValues>
}

type Row = Record<string, unknown> & { id: string }
type Query = Record<string, string>

/**
 * Reads a list page by page in each of its sort orders, with each of its filters and with searches. Compares
 * each with the rows of the whole list, and describes each difference.
 */
export async function findListMistakes(list: List): Promise<string[]> {
  const { client, path } = list
  const rows: Row[] = (await client.get(`${path}?limit=100`)).body.data
  if (rows.length < 5) return [`${path} has only ${rows.length} rows`]
  const idsOf = async (query: Query) => (await walk(client, path, query)).map(({ id }) => id)
  const mistakes: string[] = []
  const compare = async (query: Query, expected: readonly string[]) => {
    const found = await idsOf({ limit: '3', ...query })
    if (String(found) !== String(expected))
      mistakes.push(`${new URLSearchParams(query)}: ${found} instead of ${expected}`)
  }
  await compare({}, await sortedIds(list, rows, '-createdAt'))
  for (const sort of sortsOf(list)) await compare({ sort }, await sortedIds(list, rows, sort))
  for (const [query, isFound] of [...filtersOf(list, rows), ...searchesOf(list, rows)])
    await compare(
      query,
      rows.filter(isFound).map(({ id }) => id),
    )
  const { status } = await client.get(`${path}?sort=organizationId`)
  return status === 400 ? mistakes : [...mistakes, `sorts by an unknown field: ${status}`]
}

/** All pages of a list. */
async function walk(client: Client, path: string, query: Query): Promise<Row[]> {
  const found: Row[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body, text } = await client.get(
      `${path}?${new URLSearchParams({ ...query, ...(cursor && { cursor }) })}`,
    )
    if (status !== 200) throw new Error(text)
    found.push(...body.data)
    cursor = body.nextCursor
  }
  return found
}

const parametersOf = ({ app, path }: List) => {
  const documented = `GET /api/v1${path.replace(/\/[0-9a-f-]{36}(?=\/|$)/, '/{organizationId}')}`
  return operationsOf(app).find(({ name }) => name === documented)?.query ?? []
}

const sortsOf = (list: List): string[] =>
  parametersOf(list).find(({ name }) => name === 'sort')?.schema.enum ?? []

/** The order of the database, which compares texts by its collation. */
async function sortedIds({ sql, table }: List, rows: Row[], sort: string): Promise<string[]> {
  const direction = sort.startsWith('-') ? sql`desc` : sql`asc`
  const column = sort.replace('-', '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const sorted = await sql<
    { id: string }[]
  >`select id from ${sql(table)} where id in ${sql(rows.map(({ id }) => id))}
    order by ${sql(column)} ${direction}, id ${direction}`
  return sorted.map(({ id }) => id)
}

type Search = [query: Query, isFound: (row: Row) => boolean]

/** Each value that a row has in a field with a filter. */
const filtersOf = (list: List, rows: Row[]): Search[] =>
  parametersOf(list)
    .filter(({ name }) => name in list.fields)
    .flatMap(({ name }) =>
      [...new Set(rows.map((row) => row[name]))]
        .filter((value) => value !== null)
        .map((value): Search => [{ [name]: String(value) }, (row) => row[name] === value]),
    )

/** A part of each text, in capitals. `%` and `_` stand for themselves. */
function searchesOf({ fields }: List, rows: Row[]): Search[] {
  const names = Object.keys(fields).filter((name) => fields[name]?.isSearched)
  const texts = new Set(rows.flatMap((row) => names.map((name) => String(row[name] ?? '').slice(1, 30))))
  return [...texts]
    .filter((text) => /^[\x20-\x7e]+$/.test(text))
    .map((text) => [
      { q: text.toUpperCase() },
      (row) =>
        names.some((name) =>
          String(row[name] ?? '')
            .toLowerCase()
            .includes(text.toLowerCase()),
        ),
    ])
}
