import {
  Email,
  NewPassword,
  OpaqueToken,
  PageQuery,
  PersonName,
  StrictObject,
} from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

export const Link = PageQuery({ token: OpaqueToken })

export const TokenForm = StrictObject({ token: OpaqueToken })

export const AddressForm = StrictObject({ email: Email })

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
