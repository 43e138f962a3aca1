import createError from '@fastify/error'

/**
 * Every failure that a client can meet, with its stable code. Handlers throw them; only the errors plugin turns them into answers.
 */
export const InvalidCredentials = createError(
  'INVALID_CREDENTIALS',
  'The e-mail address or the password is wrong.',
  401,
)
export const EmailNotVerified = createError(
  'EMAIL_NOT_VERIFIED',
  'This e-mail address is not verified yet.',
  403,
)
export const AccountDisabled = createError('ACCOUNT_DISABLED', 'This account is disabled.', 403)
export const Unauthorized = createError('UNAUTHORIZED', 'A valid access token is needed.', 401)
export const Forbidden = createError('FORBIDDEN', 'You may not do this.', 403)

export const NotFound = createError('NOT_FOUND', 'There is nothing at this address.', 404)
export const MethodNotAllowed = createError(
  'METHOD_NOT_ALLOWED',
  'This address does not answer to this method.',
  405,
)
export const UnexpectedBody = createError('UNEXPECTED_BODY', 'This operation takes no body.', 400)
export const InvalidCursor = createError(
  'INVALID_CURSOR',
  'This cursor is not one that this list and sort order gave.',
  400,
)

export const EmailTaken = createError('EMAIL_TAKEN', 'This e-mail address already has an account.', 409)
export const LastSuperAdmin = createError(
  'LAST_SUPER_ADMIN',
  'The last active super_admin can be neither deleted, disabled nor demoted.',
  409,
)
export const PasswordTooCommon = createError(
  'PASSWORD_TOO_COMMON',
  'This password is too easy to guess: %s',
  400,
)

export const ServiceUnavailable = createError(
  'SERVICE_UNAVAILABLE',
  'Not available for the moment. Please try again.',
  503,
)
