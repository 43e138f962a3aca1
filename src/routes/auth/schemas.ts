import { PASSWORD_MAX_LENGTH } from '../../lib/auth/passwords.js'
import { Email, NewPassword, NoBody, OpaqueToken, ref, StrictObject } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { User } from '../../lib/schema/user-schemas.js'

export const Credentials = StrictObject(
  {
    email: Email,
    // Only new passwords have to meet the current rules: existing ones must still be accepted here.
    password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH }),
  },
  { examples: [{ email: 'ada@example.com', password: 'correct horse battery staple' }] },
)

const tokens = {
  accessToken: Type.String({ description: 'Send it in the header `Authorization: Bearer <accessToken>`.' }),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Seconds until the access token expires.' }),
  refreshToken: Type.String({ description: 'Works once, for the next tokens.' }),
}

export const Tokens = Type.Object(tokens)

export const SignedIn = Type.Object({ ...tokens, user: ref(User) })

export const RefreshRequest = StrictObject({ refreshToken: OpaqueToken })

export const AddressOnly = StrictObject({ email: Email })

export const TokenOnly = StrictObject({ token: OpaqueToken })

export const PasswordReset = StrictObject({ token: OpaqueToken, password: NewPassword })

/** The same response for every address, so that it does not reveal which ones have an account. */
export const Accepted = NoBody('Accepted, whether or not the address has an account')
