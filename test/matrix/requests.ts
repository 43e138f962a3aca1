import { PASSWORD } from '../helpers/app.js'
import { invite } from '../helpers/invitations.js'
import { mailToken } from '../helpers/mailed-token.js'
import { type Operation, operationsOf, sampleOf, UNKNOWN_ID } from '../helpers/operations.js'
import { addMember } from '../helpers/organizations.js'
import type { Scene, World } from './world.js'

type Context = World & Scene

/**
 * Creates the object of a path, in the scene's organization, and returns its id. Other objects are
 * created by posting the documented example to their collection.
 */
const OBJECTS: Record<string, (context: Context) => Promise<string> | string> = {
  '/api/v1/organizations/{organizationId}': ({ organization }) => organization.id,
  '/api/v1/organizations/{organizationId}/members/{userId}': async ({ app, organization, newUser }) =>
    idOf(await addMember(app, organization, await newUser())),
  '/api/v1/organizations/{organizationId}/invitations/{invitationId}': async ({ root, organization }) =>
    (await root.post(`${organization.path}/invitations`, { email: 'grace@example.com', role: 'member' })).body
      .id,
  '/api/v1/users/{id}': async ({ newUser }) => idOf(await newUser()),
  '/api/v1/me/sessions/{id}': async ({ caller, newUser, newSession }) =>
    newSession(caller.user ? caller : await newUser()),
  '/api/v1/audit-logs/{id}': async ({ root, organization }) =>
    (await root.get(`/audit-logs?organizationId=${organization.id}`)).body.data[0].id,
  '/api/v1/audit-requests/{id}': async ({ app, root, organization }) => {
    await root.patch(organization.path, { name: 'Recorded' })
    await app.settleAuditRequests()
    return (await root.get(`/audit-requests?organizationId=${organization.id}`)).body.data[0].id
  },
}

type Case = { query?: Record<string, string>; body?: Record<string, unknown> }

const MEMBER = '/api/v1/organizations/{organizationId}/members/{userId}'

/** The objects of lines that need others than their operation. */
export const SPECIAL_OBJECTS: Record<string, (context: Context) => Promise<Record<string, string>>> = {
  [`DELETE ${MEMBER} (oneself)`]: async ({ caller }) => ({ userId: idOf(caller) || UNKNOWN_ID }),
  [`DELETE ${MEMBER}/sessions (of a super_admin)`]: async ({ app, organization, newUser }) => ({
    userId: idOf(await addMember(app, organization, await newUser('super_admin'))),
  }),
}

const ACCOUNT = { password: PASSWORD, firstName: 'Grace', lastName: 'Hopper' }

function ofOrganization({ organization }: Context): Case {
  return { query: { organizationId: organization.id } }
}

/** Queries and bodies of operations whose documented examples are not valid by themselves. */
const CASES: Record<string, (context: Context) => Promise<Case> | Case> = {
  'POST /api/v1/auth/login': async ({ caller, newUser }) => ({
    body: { email: emailOf(caller.user ? caller : await newUser()), password: PASSWORD },
  }),
  'POST /api/v1/auth/refresh': async ({ caller, newUser }) => ({
    body: { refreshToken: (caller.user ?? (await newUser()).user)?.refreshToken },
  }),
  'POST /api/v1/auth/verify-email': async (context) => ({ body: await mailedToken(context, 'verify_email') }),
  'POST /api/v1/auth/reset-password': async (context) => ({
    body: { ...(await mailedToken(context, 'reset_password')), password: 'another quiet sentence' },
  }),
  'POST /api/v1/me/change-password': () => ({
    body: { currentPassword: PASSWORD, newPassword: 'another quiet sentence' },
  }),
  'POST /api/v1/me/change-email': ({ organization }) => ({
    body: { email: `${organization.id}@example.com`, password: PASSWORD },
  }),
  'POST /api/v1/users': ({ organization }) => ({
    body: { email: `${organization.id}@example.com`, firstName: 'Grace', lastName: 'Hopper' },
  }),
  'POST /api/v1/organizations': ({ organization }) => ({ body: { name: `Another ${organization.id}` } }),
  'POST /api/v1/invitations/accept': async ({ root, organization }) => ({
    body: { token: await invite(root, organization, `${organization.id}@example.com`), ...ACCOUNT },
  }),
  'POST /api/v1/invitations/accept (of the caller)': async ({
    root,
    caller,
    organization,
    newOrganization,
  }) => {
    const email = emailOf(caller) || `${organization.id}@example.com`
    const token = await invite(root, await newOrganization(root), email)
    return { body: { token, ...(!caller.user && ACCOUNT) } }
  },
  'GET /api/v1/audit-logs/state': ({ organization }) => ({
    query: { tableName: 'organizations', objectId: organization.id },
  }),
  'GET /api/v1/audit-logs (of the organization)': ofOrganization,
  'GET /api/v1/audit-logs/export (of the organization)': ofOrganization,
  'GET /api/v1/audit-logs/{id} (of the organization)': ofOrganization,
  'GET /api/v1/audit-requests (of the organization)': ofOrganization,
  'GET /api/v1/audit-requests/{id} (of the organization)': ofOrganization,
  'GET /api/v1/audit-logs/state (of the organization)': ({ organization }) => ({
    query: { tableName: 'organizations', objectId: organization.id, organizationId: organization.id },
  }),
}

const idOf = (client: { user: { id: string } | undefined }): string => client.user?.id ?? ''
const emailOf = (client: { user: { email: string } | undefined }): string => client.user?.email ?? ''

async function mailedToken({ app, newUser }: Context, purpose: 'verify_email' | 'reset_password') {
  const user = await newUser()
  return { token: await mailToken(app, { userId: idOf(user), email: emailOf(user), purpose }) }
}

export const namesOf = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

/** The ids for a line's path, each of an existing object. */
export async function makeObjects(line: string, context: Context): Promise<Record<string, string>> {
  const path = line.split(' ')[1] ?? ''
  const ids: Record<string, string> = {}
  for (const name of namesOf(path)) {
    const prefix = path.slice(0, path.indexOf(`{${name}}`) + name.length + 2)
    ids[name] = await (OBJECTS[prefix]?.(context) ?? makeByExample(prefix, ids, context))
  }
  return { ...ids, ...(await SPECIAL_OBJECTS[line]?.(context)) }
}

/**
 * @throws when the document has no POST for the collection, or it does not accept its own example
 */
async function makeByExample(prefix: string, ids: Record<string, string>, context: Context) {
  const { app, root, caller, newUser } = context
  const collection = prefix.replace(/\/\{\w+\}$/, '')
  const create = operationsOf(app).find(({ name }) => name === `POST ${collection}`)
  if (!create?.body) throw new Error(`Add to OBJECTS of test/matrix/requests.ts how to make one of ${prefix}`)
  const payload = sampleOf(create.body) as Record<string, unknown>
  // What is below /me belongs to its creator.
  const creator = !prefix.startsWith('/api/v1/me/') ? root : caller.user ? caller : await newUser()
  const answer = await creator.request({ method: 'POST', url: withIds(collection, ids), payload })
  if (answer.status !== 201) throw new Error(`The example of ${create.name} is refused: ${answer.text}`)
  return answer.body.id
}

const withIds = (path: string, ids: Record<string, string>): string =>
  path.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? '')

export const absentIds = (path: string): Record<string, string> =>
  Object.fromEntries(namesOf(path).map((name) => [name, UNKNOWN_ID]))

export type Prepared = { method: Operation['method']; url: string; payload?: Record<string, unknown> }

/** A valid request of this operation for these ids. */
export async function prepare(
  { method, path, query, body }: Operation,
  line: string,
  ids: Record<string, string>,
  context: Context,
): Promise<Prepared> {
  const found = await CASES[line]?.(context)
  const needed = query.filter(({ required }) => required)
  const pairs = needed.map(({ name, schema }) => [name, String(sampleOf(schema))])
  const search = new URLSearchParams({ ...Object.fromEntries(pairs), ...found?.query }).toString()
  const url = withIds(path, ids)
  const payload = body && { ...(found?.body ?? (sampleOf(body) as Record<string, unknown>)) }
  return { method, url: search ? `${url}?${search}` : url, ...(payload && { payload }) }
}
