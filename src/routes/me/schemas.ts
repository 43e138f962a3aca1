import { PASSWORD_MAX_LENGTH } from '../../lib/auth/passwords.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import { Email, NewPassword, Nullable, StrictObject, Timestamp, Uuid } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

export const SessionQuery = StrictObject(pageQuery(['createdAt'], '-createdAt'))

export const SessionPage = pageOf(
  Type.Object({
    id: Uuid,
    createdAt: { ...Timestamp, description: 'When the user signed in.' },
    lastUsedAt: {
      ...Timestamp,
      description:
        'When the session last got new tokens, or opened a page of the dashboard. Accurate to a minute.',
    },
    ip: { ...Nullable(Type.String()), description: 'The address of the client at the sign-in.' },
    userAgent: { ...Nullable(Type.String()), description: 'The `User-Agent` header of the sign-in.' },
    current: Type.Boolean({ description: 'Whether this request belongs to the session.' }),
  }),
)

const CurrentPassword = Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH })

export const PasswordChange = StrictObject({ currentPassword: CurrentPassword, newPassword: NewPassword })

export const EmailChange = StrictObject({ email: Email, password: CurrentPassword })
