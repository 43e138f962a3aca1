import {
  changing,
  Email,
  LinkedPageQuery,
  NewPassword,
  OpaqueToken,
  StrictObject,
} from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { newAccount } from '../../lib/schema/user-schemas.js'

export const Link = LinkedPageQuery({ token: OpaqueToken })

export const TokenForm = StrictObject({ token: OpaqueToken })

export const AddressForm = StrictObject({ email: Email })

export const PasswordForm = StrictObject({
  token: OpaqueToken,
  password: NewPassword,
  passwordRepeat: Type.String(),
})

/** Only the token is sent when the address already has an active account. */
export const InvitationForm = StrictObject({
  token: OpaqueToken,
  ...changing(newAccount.properties),
  passwordRepeat: Type.Optional(Type.String()),
})
