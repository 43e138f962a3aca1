import createError from '@fastify/error'

/**
 * Every failure that a client can get, with its stable code. The errors plugin turns them into
 * responses.
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
export const InvalidRefreshToken = createError(
  'INVALID_REFRESH_TOKEN',
  'This refresh token is no longer valid: sign in again.',
  401,
)
export const WrongPassword = createError('WRONG_PASSWORD', 'The current password is wrong.', 403)
/** The same error for a token that is unknown, expired, used, void or made for another purpose. */
export const InvalidToken = createError(
  'INVALID_TOKEN',
  'This link is no longer valid: it was used, it has expired, or a newer one was sent.',
  400,
)
export const Unauthorized = createError('UNAUTHORIZED', 'A valid access token is required.', 401)
export const Forbidden = createError('FORBIDDEN', 'You are not allowed to do this.', 403)

export const SignInNeeded = createError('SIGN_IN_NEEDED', 'You are no longer signed in.', 401)
export const DashboardReadOnly = createError(
  'DASHBOARD_READ_ONLY',
  'The setting JOBS_DASHBOARD makes the dashboard read-only.',
  403,
)
export const NotOffered = createError(
  'NOT_OFFERED',
  'All jobs come from the outbox: here you can only retry or discard failed jobs.',
  409,
)

export const NotFound = createError('NOT_FOUND', 'There is nothing at this address.', 404)
export const MethodNotAllowed = createError(
  'METHOD_NOT_ALLOWED',
  'This address does not support this method.',
  405,
)
export const InvalidHost = createError('INVALID_HOST', 'A request must have exactly one Host header.', 400)
export const MalformedUrl = createError(
  'MALFORMED_URL',
  'This address is too long, or its percent-encoding is not valid.',
  400,
)
export const MalformedJson = createError('MALFORMED_JSON', 'The body is not valid JSON: %s.', 400)
export const TooManyFields = createError(
  'TOO_MANY_FIELDS',
  'The body has far more fields than any operation accepts.',
  400,
)
export const PayloadTooLarge = createError('PAYLOAD_TOO_LARGE', 'The body is too large.', 413)
export const UnsupportedMediaType = createError(
  'UNSUPPORTED_MEDIA_TYPE',
  'The body must be uncompressed JSON in UTF-8, with Content-Type: application/json.',
  415,
)
export const UnexpectedBody = createError('UNEXPECTED_BODY', 'This operation takes no body.', 400)
export const InvalidCursor = createError(
  'INVALID_CURSOR',
  'This cursor is not valid for this list and sort order.',
  400,
)

export const EmailTaken = createError('EMAIL_TAKEN', 'This e-mail address already has an account.', 409)
export const LastSuperAdmin = createError(
  'LAST_SUPER_ADMIN',
  'The last active super_admin cannot be deleted, disabled or demoted.',
  409,
)
export const SlugTaken = createError('SLUG_TAKEN', 'Another organization has this slug.', 409)
export const SlugReserved = createError(
  'SLUG_RESERVED',
  'This slug is reserved for addresses of the service itself.',
  400,
)
export const LastOrgAdmin = createError(
  'LAST_ORG_ADMIN',
  'The last org_admin of an organization cannot leave, be removed, be demoted or be deleted.',
  409,
)
export const AlreadyMember = createError(
  'ALREADY_MEMBER',
  'A user with this e-mail address is already a member.',
  409,
)
export const InvitationForAnother = createError(
  'INVITATION_FOR_ANOTHER',
  'This invitation is for another e-mail address than the one of your account. Sign out, or use the other account.',
  403,
)
export const PasswordTooCommon = createError(
  'PASSWORD_TOO_COMMON',
  'This password is too easy to guess: %s',
  400,
)

/** The errors plugin sends `retryAfterSeconds` as `Retry-After`. */
export class TooManyAttempts extends createError(
  'TOO_MANY_ATTEMPTS',
  'Too many wrong passwords in a row. Please wait, or reset the password by mail.',
  429,
) {
  constructor(readonly retryAfterSeconds: number) {
    super()
  }
}

/** A rate limit of the route is used up. The same for all callers, whether or not an account exists. */
export class RateLimited extends createError(
  'RATE_LIMITED',
  'Too many requests in a short time. Please wait as long as Retry-After says.',
  429,
) {
  constructor(readonly retryAfterSeconds: number) {
    super()
  }
}

/** `retryAfterSeconds` is a guess: an export ends when its client has read it. */
export class TooManyExports extends createError(
  'TOO_MANY_EXPORTS',
  'You have reached the limit of simultaneous exports. Finish or cancel one of them first.',
  429,
) {
  readonly retryAfterSeconds = 10
}

/**
 * These classes share one code, because clients treat them alike. `instanceof` of @fastify/error compares
 * codes, so it is replaced by the usual one: the server must distinguish them.
 */
function unavailable(message: string) {
  class Unavailable extends createError('SERVICE_UNAVAILABLE', message, 503) {}
  return Object.defineProperty(Unavailable, Symbol.hasInstance, {
    value: Function.prototype[Symbol.hasInstance],
  })
}

/** Load shedding. Not logged as a failure, because it happens thousands of times in an overload. */
export class Overloaded extends unavailable('The server is overloaded. Please try again.') {}
/** Has no `Retry-After`: the same request would take as long the next time. */
export class TookTooLong extends unavailable(
  'This took longer than the server allows, and was rolled back.',
) {}
export class ServiceUnavailable extends unavailable('Temporarily unavailable. Please try again.') {}
