import { ORGANIZATION_ROLES } from '../auth/roles.js'
import { changing, creating, PersonName, StrictObject, StringEnum, Timestamp, Uuid } from './schemas.js'
import { SLUG_EXPECTED, SLUG_LENGTH, SLUG_PATTERN } from './slugs.js'
import Type from './type.js'

/** The path parameter of every route below an organization. */
export const OrganizationParams = StrictObject({ organizationId: Uuid })

export const OrganizationRoleName = StringEnum(ORGANIZATION_ROLES)

export const OrganizationName = Type.Unsafe<string>({ ...PersonName, examples: ['Analytical Engines'] })

export const Slug = Type.String({
  minLength: SLUG_LENGTH.min,
  maxLength: SLUG_LENGTH.max,
  pattern: SLUG_PATTERN,
  expected: SLUG_EXPECTED,
  description: 'Unique, in lower case.',
  examples: ['analytical-engines'],
})

/** The fields that members can set. Each of them is part of every body and response below. */
const fields = { name: OrganizationName, slug: Slug }

/** An organization as one of its members sees it. */
export const Organization = Type.Object(
  {
    id: Uuid,
    ...fields,
    role: Type.Unsafe<(typeof ORGANIZATION_ROLES)[number] | null>({
      type: ['string', 'null'],
      enum: [...ORGANIZATION_ROLES, null],
      description: 'Your role in the organization; `null` for a super_admin who is not a member.',
    }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  {
    $id: 'Organization',
    examples: [
      {
        id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
        name: 'Analytical Engines',
        slug: 'analytical-engines',
        role: 'org_admin',
        createdAt: '2026-01-31T09:30:00.000Z',
        updatedAt: '2026-01-31T09:30:00.000Z',
      },
    ],
  },
)

export const CreateOrganization = StrictObject(creating(fields, ['slug']), {
  examples: [{ name: 'Analytical Engines' }],
})

export const UpdateOrganization = StrictObject(changing(fields), {
  examples: [{ name: 'Difference Engines' }],
})
