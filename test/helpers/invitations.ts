import { type SQL, sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import { acrossOrganizations } from '../../src/db/tenancy/scopes.js'
import { deriveInvitationToken } from '../../src/lib/auth/mailed-tokens.js'
import type { OrganizationRole } from '../../src/lib/auth/roles.js'
import type { NewAccount } from '../../src/lib/schema/user-schemas.js'
import { testSigningKeys } from './app.js'
import type { Client } from './client.js'
import type { TestOrganization } from './organizations.js'

/** The token of a link that would have been mailed. */
export function invitationToken(invitationId: string): string {
  const [key] = testSigningKeys
  if (!key) throw new Error('there is no signing key')
  return deriveInvitationToken(key, invitationId)
}

/** By way of the API; answers the token that is in the mail. */
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

/** In all organizations, whatever row-level security would hide. */
export const inAllOrganizations = ({ db }: FastifyInstance, statement: SQL) =>
  acrossOrganizations(db, ({ tx }) => tx.execute(statement))

export const expireInvitations = (app: FastifyInstance) =>
  inAllOrganizations(app, sql`update invitations set expires_at = now()`)

/** As its page's button does. */
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

/** As a mail program, a scanner or a browser does. */
export const openInvitation = (client: Client, token: string, method: 'GET' | 'HEAD' = 'GET') =>
  client.request({ method, url: `/accept-invitation?${new URLSearchParams({ token })}` })

/** What is typed into it. */
export const formOf = (account: NewAccount): Record<string, string> => ({
  ...account,
  passwordRepeat: account.password,
})
