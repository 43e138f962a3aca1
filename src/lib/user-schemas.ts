import Type from 'typebox'
import { USER_ROLES, USER_STATUSES } from './roles.js'
import { Email, Nullable, PersonName, StringEnum, Timestamp, Uuid } from './schemas.js'

/** What a user looks like from outside, wherever one is answered. No hash, ever: what is not listed is not sent. */
export const User = Type.Object(
  {
    id: Uuid,
    email: Email,
    firstName: PersonName,
    lastName: PersonName,
    role: StringEnum(USER_ROLES),
    status: StringEnum(USER_STATUSES),
    emailVerifiedAt: Nullable(Timestamp),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { $id: 'User' },
)
