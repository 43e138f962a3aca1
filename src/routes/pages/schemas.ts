import { NewPassword, OpaqueToken, StrictObject } from '../../lib/schemas.js'
import Type from '../../lib/type.js'

export const Link = StrictObject({ token: OpaqueToken })

export const PasswordForm = StrictObject({
  token: OpaqueToken,
  password: NewPassword,
  passwordRepeat: Type.String(),
})
