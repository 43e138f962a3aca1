import { Organization, OrganizationRoleName } from '../../lib/schema/organization-schemas.js'
import { NewPassword, OpaqueToken, PersonName, ref, StrictObject } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

export const AcceptInvitation = StrictObject(
  {
    token: OpaqueToken,
    password: Type.Optional(NewPassword),
    firstName: Type.Optional(PersonName),
    lastName: Type.Optional(PersonName),
  },
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
