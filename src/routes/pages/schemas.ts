import { NewPassword, OpaqueToken, PersonName, StrictObject } from '../../lib/schemas.js'
import Type from '../../lib/type.js'

export const Link = StrictObject({ token: OpaqueToken })

export const PasswordForm = StrictObject({
  token: OpaqueToken,
  password: NewPassword,
  passwordRepeat: Type.String(),
})

/** With the token alone where there is an account already. */
export const InvitationForm = StrictObject({
  token: OpaqueToken,
  firstName: Type.Optional(PersonName),
  lastName: Type.Optional(PersonName),
  password: Type.Optional(NewPassword),
  passwordRepeat: Type.Optional(Type.String()),
})
