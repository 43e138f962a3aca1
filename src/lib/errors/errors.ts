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
export const InvalidRefreshToken = createError(
  'INVALID_REFRESH_TOKEN',
  'This refresh token is not valid any more: sign in again.',
  401,
)
export const WrongPassword = createError('WRONG_PASSWORD', 'The current password is wrong.', 403)
/** One answer for a token that is unknown, expired, used, void or made for something else. */
export const InvalidToken = createError(
  'INVALID_TOKEN',
  'This link is not valid any more: it was used, it is too old, or a newer one was sent.',
  400,
)
export const Unauthorized = createError('UNAUTHORIZED', 'A valid access token is needed.', 401)
export const Forbidden = createError('FORBIDDEN', 'You may not do this.', 403)

export const SignInNeeded = createError('SIGN_IN_NEEDED', 'You are not signed in any more.', 401)
export const DashboardReadOnly = createError(
  'DASHBOARD_READ_ONLY',
  'Here you can look, and change nothing: JOBS_DASHBOARD says so.',
  403,
)
export const NotOffered = createError(
  'NOT_OFFERED',
  'What is in the queue comes from the outbox: only jobs that failed can be retried and discarded here.',
  409,
)

export const NotFound = createError('NOT_FOUND', 'There is nothing at this address.', 404)
export const MethodNotAllowed = createError(
  'METHOD_NOT_ALLOWED',
  'This address does not answer to this method.',
  405,
)
export const InvalidHost = createError('INVALID_HOST', 'A request names exactly one Host.', 400)
export const MalformedUrl = createError(
  'MALFORMED_URL',
  'This address is too long or not valid percent-encoding.',
  400,
)
export const MalformedJson = createError('MALFORMED_JSON', 'The body is not valid JSON: %s.', 400)
export const TooManyFields = createError(
  'TOO_MANY_FIELDS',
  'The body has far more fields than any operation takes.',
  400,
)
export const PayloadTooLarge = createError('PAYLOAD_TOO_LARGE', 'The body is larger than is accepted.', 413)
export const UnsupportedMediaType = createError(
  'UNSUPPORTED_MEDIA_TYPE',
  'The body has to be JSON in UTF-8, not compressed, with Content-Type: application/json.',
  415,
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
export const SlugTaken = createError('SLUG_TAKEN', 'Another organization has this slug.', 409)
export const SlugReserved = createError(
  'SLUG_RESERVED',
  'This slug is kept for addresses of the server itself.',
  400,
)
export const LastOrgAdmin = createError(
  'LAST_ORG_ADMIN',
  'The last org_admin of an organization can neither leave nor be removed, demoted or deleted.',
  409,
)
export const AlreadyMember = createError(
  'ALREADY_MEMBER',
  'Whoever has this e-mail address is a member already.',
  409,
)
export const InvitationForAnother = createError(
  'INVITATION_FOR_ANOTHER',
  'This invitation is for another e-mail address than that of your account. Sign out, or use the other account.',
  403,
)
export const PasswordTooCommon = createError(
  'PASSWORD_TOO_COMMON',
  'This password is too easy to guess: %s',
  400,
)

/** Tells when another try may succeed: the errors plugin turns it into `Retry-After`. */
export class TooManyAttempts extends createError(
  'TOO_MANY_ATTEMPTS',
  'Too many wrong passwords in a row. Please wait, or reset the password by mail.',
  429,
) {
  constructor(readonly retryAfterSeconds: number) {
    super()
  }
}

/** One of the route's rate limits is used up. The same for everybody, whoever the request is about. */
export class RateLimited extends createError(
  'RATE_LIMITED',
  'Too many requests in a short time. Please wait for as long as Retry-After says.',
  429,
) {
  constructor(readonly retryAfterSeconds: number) {
    super()
  }
}

/** Nothing says when an export will have been read: its reader decides. */
export class TooManyExports extends createError(
  'TOO_MANY_EXPORTS',
  'You have as many exports under way as a user may have. Finish or end one of them first.',
  429,
) {
  readonly retryAfterSeconds = 10
}

/**
 * @fastify/error compares codes in `instanceof`. These share one, because clients need not tell them apart, and the server must.
 */
function unavailable(message: string) {
  class Unavailable extends createError('SERVICE_UNAVAILABLE', message, 503) {}
  return Object.defineProperty(Unavailable, Symbol.hasInstance, {
    value: Function.prototype[Symbol.hasInstance],
  })
}

/** Sheds load. It happens by the thousand, so it is not logged as a failure. */
export class Overloaded extends unavailable('Too much is going on for the moment. Please try again.') {}
/** The same request would take as long the next time, so there is no time to try again. */
export class TookTooLong extends unavailable('This took longer than the server allows, and was undone.') {}
export class ServiceUnavailable extends unavailable('Not available for the moment. Please try again.') {}
