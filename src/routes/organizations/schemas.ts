import { OrganizationName, Slug } from '../../lib/organization-schemas.js'
import { StrictObject } from '../../lib/schemas.js'
import Type from '../../lib/type.js'

export const CreateOrganization = StrictObject(
  { name: OrganizationName, slug: Type.Optional(Slug) },
  { examples: [{ name: 'Analytical Engines' }] },
)
