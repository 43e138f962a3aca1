import Type from 'typebox'
import { USER_SORT_FIELDS } from '../../db/queries/users.js'
import { pageOf, pageQuery } from '../../lib/pagination.js'
import { USER_ROLES, USER_STATUSES } from '../../lib/roles.js'
import { Email, NewPassword, PersonName, ref, StrictObject, StringEnum } from '../../lib/schemas.js'
import { User } from '../../lib/user-schemas.js'

export const UserQuery = StrictObject({
  ...pageQuery(USER_SORT_FIELDS, '-createdAt'),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000]*$',
      description: 'Part of the e-mail address, the first or the last name.',
    }),
  ),
  role: Type.Optional(StringEnum(USER_ROLES)),
  status: Type.Optional(StringEnum(USER_STATUSES)),
})

export const UserPage = pageOf(ref(User))

export const CreateUser = StrictObject({
  email: Email,
  firstName: PersonName,
  lastName: PersonName,
  role: Type.Optional(StringEnum(USER_ROLES, { default: 'user' })),
  password: Type.Optional(NewPassword),
})

export const UpdateUser = StrictObject({
  firstName: Type.Optional(PersonName),
  lastName: Type.Optional(PersonName),
  role: Type.Optional(StringEnum(USER_ROLES)),
  status: Type.Optional(StringEnum(['active', 'disabled'])),
})
