import { MEMBER_SORT_FIELDS } from '../../db/queries/organizations/memberships.js'
import { ORGANIZATION_SORT_FIELDS } from '../../db/queries/organizations/organization-lists.js'
import {
  Organization,
  OrganizationParams,
  OrganizationRoleName,
} from '../../lib/schema/organization-schemas.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import {
  Email,
  PersonName,
  ref,
  SearchText,
  StrictObject,
  Timestamp,
  Uuid,
} from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

export const OrganizationQuery = StrictObject({
  ...pageQuery(ORGANIZATION_SORT_FIELDS, '-createdAt'),
  q: Type.Optional(SearchText('Part of the name or the slug.')),
})

export const OrganizationPage = pageOf(ref(Organization))

export const MemberParams = StrictObject({ ...OrganizationParams.properties, userId: Uuid })

export const Member = Type.Object(
  {
    userId: Uuid,
    email: Email,
    firstName: PersonName,
    lastName: PersonName,
    role: OrganizationRoleName,
    createdAt: Timestamp,
  },
  { $id: 'Member' },
)

export const MemberQuery = StrictObject({
  ...pageQuery(MEMBER_SORT_FIELDS, '-createdAt'),
  role: Type.Optional(OrganizationRoleName),
})

export const MemberPage = pageOf(ref(Member))

export const UpdateMember = StrictObject({ role: OrganizationRoleName }, { examples: [{ role: 'member' }] })
