import { type SQL, sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import { acrossOrganizations } from '../../src/db/tenancy/scopes.js'
import { deriveInvitationToken } from '../../src/lib/auth/mailed-tokens.js'
import type { OrganizationRole } from '../../src/lib/auth/roles.js'
import type { NewAccount } from '../../src/lib/schema/user-schemas.js'
import { testSigningKeys } from './app.js'
import type { Client } from './client.js'
import type { TestOrganization } from './organizations.js'

/** The token of the mailed link of an invitation. */
export function invitationToken(invitationId: string): string {
  const [key] = testSigningKeys
  if (!key) throw new Error('there is no signing key')
  return deriveInvitationToken(key, invitationId)
}

/** Invites through the API and returns the token in the mail. */
export async function invite(
  client: Client,
  organization: TestOrganization,
  email: string,
  role: OrganizationRole = 'member',
): Promise<string> {
  const { status, body } = await client.post(`${organization.path}/invitations`, { email, role })
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  return invitationToken(body.id)
}

/** Runs a statement across all organizations, past row-level security. */
export const inAllOrganizations = ({ db }: FastifyInstance, statement: SQL) =>
  acrossOrganizations(db, ({ tx }) => tx.execute(statement))

export const expireInvitations = (app: FastifyInstance) =>
  inAllOrganizations(app, sql`update invitations set expires_at = now()`)

/** Submits the form of the invitation's page. */
export const submitInvitation = (
  client: Client,
  fields: Record<string, string>,
  type = 'application/x-www-form-urlencoded',
) =>
  client.request({
    method: 'POST',
    url: '/accept-invitation',
    headers: { 'content-type': type },
    payload: new URLSearchParams(fields).toString(),
  })

/** Opens the link of an invitation, as a mail program, a scanner or a browser does. */
export const openInvitation = (client: Client, token: string, method: 'GET' | 'HEAD' = 'GET') =>
  client.request({ method, url: `/accept-invitation?${new URLSearchParams({ token })}` })

/** The fields of the form for a new account. */
export const formOf = (account: NewAccount): Record<string, string> => ({
  ...account,
  passwordRepeat: account.password,
})
