import { USER_SORT_FIELDS } from '../../db/queries/accounts/user-lists.js'
import { USER_ROLES, USER_STATUSES } from '../../lib/auth/roles.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import { ref, SearchText, StrictObject, StringEnum } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { User } from '../../lib/schema/user-schemas.js'

export const UserQuery = StrictObject({
  ...pageQuery(USER_SORT_FIELDS, '-createdAt'),
  q: Type.Optional(SearchText('Part of the e-mail address, the first name or the last name.')),
  role: Type.Optional(StringEnum(USER_ROLES)),
  status: Type.Optional(StringEnum(USER_STATUSES)),
})

export const UserPage = pageOf(ref(User))
