import { PASSWORD_MAX_LENGTH } from '../../lib/auth/passwords.js'
import { Email, StrictObject } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

const next = Type.Optional(Type.String({ maxLength: 2000 }))

export const SignInQuery = StrictObject({ next })

export const SignInForm = StrictObject({
  next,
  email: Email,
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH }),
})
