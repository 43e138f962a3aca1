import { INVITATION_SORT_FIELDS } from '../../db/queries/organizations/invitations.js'
import { OrganizationParams, OrganizationRoleName } from '../../lib/schema/organization-schemas.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import { Email, ref, StrictObject, Timestamp, Uuid } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

export const InvitationParams = StrictObject({ ...OrganizationParams.properties, invitationId: Uuid })

/** Without the token, which is only in the mail. */
export const Invitation = Type.Object(
  {
    id: Uuid,
    email: Email,
    role: OrganizationRoleName,
    createdAt: Timestamp,
    expiresAt: Timestamp,
  },
  {
    $id: 'Invitation',
    examples: [
      {
        id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
        email: 'grace@example.com',
        role: 'member',
        createdAt: '2026-01-31T09:30:00.000Z',
        expiresAt: '2026-02-07T09:30:00.000Z',
      },
    ],
  },
)

export const CreateInvitation = StrictObject(
  { email: Email, role: OrganizationRoleName },
  { examples: [{ email: 'grace@example.com', role: 'member' }] },
)

export const InvitationQuery = StrictObject(pageQuery(INVITATION_SORT_FIELDS, '-createdAt'))

export const InvitationPage = pageOf(ref(Invitation))
