import { PASSWORD_MAX_LENGTH } from '../../lib/auth/passwords.js'
import { Email, NewPassword, NoBody, OpaqueToken, ref, StrictObject } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { User } from '../../lib/schema/user-schemas.js'

export const Credentials = StrictObject(
  {
    email: Email,
    // Whatever was once accepted has to fit: only new passwords meet the current rules.
    password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH }),
  },
  { examples: [{ email: 'ada@example.com', password: 'correct horse battery staple' }] },
)

const tokens = {
  accessToken: Type.String({ description: 'For the header `Authorization: Bearer <accessToken>`.' }),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Seconds until the access token ends.' }),
  refreshToken: Type.String({ description: 'Good for one use.' }),
}

export const Tokens = Type.Object(tokens)

export const SignedIn = Type.Object({ ...tokens, user: ref(User) })

export const RefreshRequest = StrictObject({ refreshToken: OpaqueToken })

export const AddressOnly = StrictObject({ email: Email })

export const TokenOnly = StrictObject({ token: OpaqueToken })

export const PasswordReset = StrictObject({ token: OpaqueToken, password: NewPassword })

/** The same for everybody, so that nobody learns from it which addresses have an account. */
export const Accepted = NoBody('Accepted, whether or not the address has an account')
