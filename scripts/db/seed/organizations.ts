import { resolveSigningKeys } from '../../../src/config/development-keys.js'
import type { Config } from '../../../src/config/index.js'
import type { Db } from '../../../src/db/driver/client.js'
import { acceptInvitation } from '../../../src/db/queries/organizations/accept-invitation.js'
import { createInvitation, type NewInvitation } from '../../../src/db/queries/organizations/invitations.js'
import { createOrganization } from '../../../src/db/queries/organizations/organizations.js'
import type { User } from '../../../src/db/schema/users.js'
import type { Caller } from '../../../src/db/tenancy/enter.js'
import { withOrganization } from '../../../src/db/tenancy/scopes.js'
import { deriveInvitationToken } from '../../../src/lib/auth/mailed-tokens.js'
import { ORGANIZATIONS, type SampleOrganization } from './sample.js'

/** An organization of the sample, and its founder. */
export type SeededOrganization = { id: string; founder: Caller }

export async function seedOrganizations(
  db: Db,
  config: Config,
  people: User[],
): Promise<SeededOrganization[]> {
  const seeded: SeededOrganization[] = []
  for (const organization of ORGANIZATIONS) {
    const founder = people.find(({ email }) => email === organization.founder)
    if (founder) seeded.push(await seedOrganization(db, config, organization, founder))
  }
  return seeded
}

/** Members join as through the API: they are invited, and accept. */
async function seedOrganization(
  db: Db,
  config: Config,
  { name, members, invited }: SampleOrganization,
  { id: userId, role }: User,
): Promise<SeededOrganization> {
  const founder = { userId, role }
  const { id } = await createOrganization(db, userId, { name })
  const [signingKey] = resolveSigningKeys(config)
  const tokens = { signingKey, ttlSeconds: config.INVITATION_TOKEN_TTL_SECONDS }
  const invite = (invitation: NewInvitation) =>
    withOrganization(db, founder, id, 'invitations.create', (scope) =>
      createInvitation(scope, tokens, invitation),
    )
  for (const member of members) {
    const token = deriveInvitationToken(signingKey, (await invite(member)).id)
    await acceptInvitation(db, { token, ip: '127.0.0.1' }, undefined)
  }
  for (const email of invited) await invite({ email, role: 'member' })
  return { id, founder }
}
