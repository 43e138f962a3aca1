import type { Static } from 'typebox'
import { USER_ROLES, USER_STATUSES } from '../auth/roles.js'
import {
  changing,
  creating,
  Email,
  NewPassword,
  Nullable,
  PersonName,
  StrictObject,
  StringEnum,
  Timestamp,
  Uuid,
} from './schemas.js'
import Type from './type.js'

/** Required for every account. */
const names = { firstName: PersonName, lastName: PersonName }

/** The fields that users can change themselves. Each of them is part of every body and response below. */
const profile = { ...names }

/**
 * A user in every response. The serializer drops fields that are not listed here, such as the password
 * hash.
 */
export const User = Type.Object(
  {
    id: Uuid,
    email: Email,
    ...profile,
    role: StringEnum(USER_ROLES),
    status: StringEnum(USER_STATUSES),
    emailVerifiedAt: Nullable(Timestamp),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  {
    $id: 'User',
    examples: [
      {
        id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
        email: 'ada@example.com',
        firstName: 'Ada',
        lastName: 'Lovelace',
        role: 'user',
        status: 'active',
        emailVerifiedAt: '2026-01-31T09:31:04.120Z',
        createdAt: '2026-01-31T09:30:00.000Z',
        updatedAt: '2026-01-31T09:31:04.120Z',
      },
    ],
  },
)

/** A new user, as an administrator enters it through the API or in the terminal. */
export const CreateUser = StrictObject(
  {
    email: Email,
    ...creating(profile),
    role: Type.Optional(StringEnum(USER_ROLES, { default: 'user' })),
    password: Type.Optional(NewPassword),
  },
  { examples: [{ email: 'ada@example.com', firstName: 'Ada', lastName: 'Lovelace', role: 'user' }] },
)

export const UpdateUser = StrictObject(
  {
    ...changing(profile),
    role: Type.Optional(StringEnum(USER_ROLES)),
    status: Type.Optional(StringEnum(['active', 'disabled'])),
  },
  // The form of the API documentation starts with this example: one click must not create a super_admin.
  { examples: [{ firstName: 'Augusta' }] },
)

export const UpdateProfile = StrictObject(changing(profile), { examples: [{ firstName: 'Augusta' }] })

/** The fields of an account that users open themselves, by registration or with an invitation. */
export const newAccount = Type.Object(creating({ password: NewPassword, ...names }))
export type NewAccount = Static<typeof newAccount>

export const RegisterUser = StrictObject(
  { email: Email, ...newAccount.properties },
  {
    examples: [
      {
        email: 'ada@example.com',
        password: 'correct horse battery staple',
        firstName: 'Ada',
        lastName: 'Lovelace',
      },
    ],
  },
)
