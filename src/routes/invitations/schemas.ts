import { Organization, OrganizationRoleName } from '../../lib/schema/organization-schemas.js'
import { changing, OpaqueToken, ref, StrictObject } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { newAccount } from '../../lib/schema/user-schemas.js'

export const AcceptInvitation = StrictObject(
  { token: OpaqueToken, ...changing(newAccount.properties) },
  {
    examples: [
      {
        token: 'q1RZ0n5v3mXbT8cKfW2yLhUe7aJpDs4gN6iVoQxYt9A',
        password: 'correct horse battery staple',
        firstName: 'Grace',
        lastName: 'Hopper',
      },
    ],
  },
)

export const Joined = Type.Object({ organization: ref(Organization), role: OrganizationRoleName })
