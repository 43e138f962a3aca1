import type { FastifyInstance } from 'fastify'
import { memberships } from '../../src/db/schema/memberships.js'
import { acrossOrganizations } from '../../src/db/tenancy/scopes.js'
import { withActor } from '../../src/lib/audit/context.js'
import type { OrganizationRole } from '../../src/lib/auth/roles.js'
import type { Client } from './client.js'

export type TestOrganization = { id: string; path: string }

let count = 0

/** Creates an organization through the API, with this client as its org_admin. */
export async function createOrganization(client: Client, name?: string): Promise<TestOrganization> {
  count += 1
  const organization = { name: name ?? `Organization ${count}`, slug: `test-${count}` }
  const { status, body } = await client.post('/organizations', organization)
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  return { id: body.id, path: `/organizations/${body.id}` }
}

/** Adds a member directly, without an invitation. */
export const addMember = (
  app: FastifyInstance,
  organization: TestOrganization,
  client: Client,
  role: OrganizationRole = 'member',
): Promise<Client> =>
  withActor('cli:test', async () => {
    const userId = String(client.user?.id)
    await acrossOrganizations(app.db, ({ tx }) =>
      tx.insert(memberships).values({ organizationId: organization.id, userId, role }),
    )
    return client
  })
