/** Authorization of every operation of the OpenAPI document, for every kind of caller. */

import { isSecretName } from '../../src/lib/audit/redact.js'
import { buildTestApp } from '../helpers/app.js'
import type { Answer } from '../helpers/client.js'
import { connectAcrossOrganizations } from '../helpers/database.js'
import { type JsonSchema, operationsOf, sampleOf } from '../helpers/operations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'
import { CALLERS, CELLS } from './cells.js'
import { expectedLines, isComputed, isPublicRead, operationOf, statusesByPolicy } from './expected.js'
import { absentIds, makeObjects, namesOf, prepare, SPECIAL_OBJECTS } from './requests.js'
import { createWorld } from './world.js'

const world = await createWorld(await buildTestApp(t, { config: { RATE_LIMIT: 'off' } }))
const { app, database, newScene } = world
const sql = connectAcrossOrganizations(t, database.ownerUrl)

const operations = operationsOf(app)

const expected = expectedLines(operations)
const linesOf = (name: string): string[] => Object.keys(expected).filter((line) => operationOf(line) === name)

const answers = new Map<string, Answer[]>()

t.before(async () => {
  for (const operation of operations) {
    const lines = linesOf(operation.name)
    for (const line of lines.length > 0 ? lines : [operation.name]) {
      const ofCallers = CALLERS.map(async (name) => {
        const context = { ...world, ...(await newScene(name)) }
        const ids = await makeObjects(line, context)
        return context.caller.request(await prepare(operation, line, ids, context))
      })
      answers.set(line, await Promise.all(ofCallers))
    }
  }
})

const statusesOf = (line: string): number[] => (answers.get(line) ?? []).map(({ status }) => status)

t.test('every operation has a rule or a line of cells, and every line its operation', async (t) => {
  const byName = new Map(operations.map((operation) => [operation.name, operation]))
  for (const [line, cells] of Object.entries(CELLS)) {
    const operation = byName.get(operationOf(line))
    if (!operation) t.fail(`${line} is no longer an operation: remove its line from test/matrix/cells.ts`)
    else if (isComputed(operation) && String(statusesByPolicy(operation)) === String(cells))
      t.fail(`${line} follows from a rule: remove its line from test/matrix/cells.ts`)
  }
  for (const name of byName.keys()) {
    if (linesOf(name).length > 0) continue
    t.fail(
      `test/matrix/cells.ts has no line for ${name}. These are its statuses now; check each, and add:\n` +
        `  '${name}': [${statusesOf(name).join(', ')}],`,
    )
  }
})

t.test('every operation answers each caller with the expected status', async (t) => {
  const named = (statuses: readonly number[]) => CALLERS.map((caller, i) => `${caller} ${statuses[i]}`)
  for (const [line, cells] of Object.entries(expected))
    t.strictSame(named(statusesOf(line)), named(cells), line)
})

t.test('the cells agree with the roles of the routes', async (t) => {
  const ofRoles = operations.filter(({ documented }) => documented['x-role'])
  t.ok(ofRoles.length > 3)
  for (const operation of ofRoles)
    t.strictSame(CELLS[operation.name], statusesByPolicy(operation), operation.name)
})

/** A digest of every table, except for those of the audit log. */
async function readEverything(): Promise<Record<string, unknown>> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public'`
  const digests = tables.map(async ({ name }) => {
    const [row] =
      await sql`select md5(string_agg(t::text, ',' order by t::text)) as digest from ${sql(name)} as t`
    return [name, row?.digest]
  })
  return Object.fromEntries(await Promise.all(digests))
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const masked = ({ status, text }: Answer): string => `${status} ${text.replace(ID, 'id')}`

t.test('objects of others look like missing ones and stay unchanged', async (t) => {
  const lines = Object.keys(expected).filter((line) => line.includes('{') && !(line in SPECIAL_OBJECTS))
  t.ok(lines.length > 10)
  for (const line of lines) {
    const operation = operations.find(({ name }) => name === operationOf(line))
    if (!operation || isPublicRead(operation)) continue
    const theirs = await makeObjects(line, { ...world, ...(await newScene('org_admin')) })
    for (const callerName of ['user', 'org_admin'] as const) {
      const context = { ...world, ...(await newScene(callerName)) }
      const own = { organizationId: context.organization.id }
      const absent = absentIds(line)
      const send = async (ids: Record<string, string>) =>
        masked(await context.caller.request(await prepare(operation, line, ids, context)))
      const before = await readEverything()
      const unknown = await send(absent)
      t.match(unknown, /^40[34]/, `${line}: an absent object is refused`)
      t.equal(
        await send(theirs),
        unknown,
        `${line} by ${callerName}: objects of others answer like absent ones`,
      )
      if (namesOf(line).length > 1) {
        t.equal(
          await send({ ...theirs, ...own }),
          await send({ ...absent, ...own }),
          `${line} by ${callerName}: an object of others under the caller's organization answers like an absent one`,
        )
      }
      t.strictSame(await readEverything(), before, `${line} by ${callerName}: changes nothing`)
    }
  }
})

t.test('an id of others in a query finds the same as an absent id', async (t) => {
  const { caller } = await newScene('org_admin')
  const { organization } = await newScene('org_admin')
  const absent = absentIds('{organizationId}').organizationId ?? ''
  for (const { name, path, query } of operations.filter(({ path }) => !path.includes('{'))) {
    for (const parameter of query.filter(({ schema }) => schema.format === 'uuid')) {
      const find = async (id: string) =>
        masked(await caller.request({ method: 'GET', url: `${path}?${parameter.name}=${id}` }))
      t.equal(await find(organization.id), await find(absent), `${name} ${parameter.name}`)
    }
  }
})

/** Ids in upper case, as some clients write them. */
const withCapitals = (text: string): string => text.replace(ID, (id) => id.toUpperCase())

t.test('ids in capitals are the same ids, in paths, queries and bodies', async (t) => {
  for (const [line, cells] of Object.entries(expected)) {
    const operation = operations.find(({ name }) => name === operationOf(line))
    if (!operation) continue
    for (const caller of ['member', 'org_admin', 'super_admin'] as const) {
      const context = { ...world, ...(await newScene(caller)) }
      const request = await prepare(operation, line, await makeObjects(line, context), context)
      const { url, payload } = request
      const inCapitals = {
        url: withCapitals(url),
        ...(payload && { payload: JSON.parse(withCapitals(JSON.stringify(payload))) }),
      }
      if (inCapitals.url === url && JSON.stringify(inCapitals.payload) === JSON.stringify(payload)) continue
      const { status } = await context.caller.request({ ...request, ...inCapitals })
      t.equal(status, cells[CALLERS.indexOf(caller)], `${line} by ${caller}`)
    }
  }
})

type Properties = Record<string, JsonSchema>

/** The properties of a schema by name, including those in lists and references. */
function propertiesOf(schema: JsonSchema & { $ref?: string; items?: JsonSchema }): Properties {
  const { components } = app.swagger() as unknown as { components: { schemas: Properties } }
  const referred = schema.$ref && components.schemas[schema.$ref.split('/').at(-1) ?? '']
  const inner = [referred, schema.items, ...Object.values(schema.properties ?? {})].map((part) =>
    part ? propertiesOf(part) : {},
  )
  return Object.assign({}, ...inner, schema.properties)
}

/** Columns that no answer shows, and names that an attacker may try. */
const HIDDEN = {
  passwordHash: 'x',
  tokenHash: 'x',
  invitedBy: 'x',
  adminLosses: 0,
  isSuperAdmin: true,
  isAdmin: true,
}

t.test('refuses response-only fields in requests and changes nothing', async (t) => {
  const contents = operations
    .flatMap(({ documented }) => Object.entries(documented.responses))
    .flatMap(([status, { content }]) => (status < '300' ? Object.values(content ?? {}) : []))
  const returned: Properties = Object.assign({}, ...contents.map(({ schema }) => propertiesOf(schema)))
  const samples = Object.entries(returned).map(([name, schema]) => [name, sampleOf(schema)] as const)
  t.ok(samples.length > 30)
  const writing = operations.filter(({ body }) => body)
  const prepared = await Promise.all(
    writing.map(async (operation) => {
      const context = { ...world, ...(await newScene('super_admin')) }
      const ids = await makeObjects(operation.name, context)
      const request = await prepare(operation, operation.name, ids, context)
      return { operation, request, caller: context.caller }
    }),
  )
  const before = await readEverything()
  for (const { operation, request, caller } of prepared) {
    for (const [field, value] of [...samples, ...Object.entries(HIDDEN)]) {
      if (Object.hasOwn(operation.body?.properties ?? {}, field)) continue
      const answer = await caller.request({ ...request, payload: { ...request.payload, [field]: value } })
      const mistake = findMistake(answer, { status: 400, code: 'VALIDATION_FAILED', paths: [field] })
      if (mistake) t.fail(`${operation.name} ${field}: ${mistake}`)
    }
  }
  t.strictSame(await readEverything(), before)
})

/** Fields with recorded states, in which secret names hold `[redacted]`. */
const STATES = ['stateBefore', 'stateAfter', 'state', 'changed', 'headers', 'body', 'args']
const ISSUE_TOKENS = ['signIn', 'refreshTokens']

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    key,
    ...(STATES.includes(key) ? [] : keysOf(inner)),
  ])
}

t.test('only the operations that issue tokens have secrets in their answers', async (t) => {
  for (const [line, ofCallers] of answers) {
    const { operationId } = operations.find(({ name }) => name === operationOf(line))?.documented ?? {}
    const secrets = ofCallers
      .filter(({ status }) => status < 300)
      .flatMap(({ body }) => keysOf(body))
      .filter(isSecretName)
    t.equal(secrets.length > 0, ISSUE_TOKENS.includes(operationId ?? ''), `${line} ${secrets}`)
  }
})
