/**
 * The events that auditors search by name (OWASP ASVS 5.0, 16.3). The outcome of the request record says
 * whether the action succeeded.
 */
export const SECURITY_EVENTS = [
  'sign_in',
  'sign_in_failed',
  'sign_out',
  'sessions_ended',
  'refresh_token_reused',
  'mailed_token_refused',
  'email_confirmed',
  'email_changed',
  'password_changed',
  'password_reset',
  'reauthentication_failed',
  'role_changed',
  'status_changed',
  'user_deleted',
  'member_invited',
  'invitation_revoked',
  'invitation_accepted',
  'member_role_changed',
  'member_removed',
  'organization_deleted',
  'access_denied',
  'audit_exported',
] as const

/** The events of error codes, on every route. */
export const EVENT_OF_FAILURE: Partial<Record<string, (typeof SECURITY_EVENTS)[number]>> = {
  INVALID_TOKEN: 'mailed_token_refused',
  WRONG_PASSWORD: 'reauthentication_failed',
  UNAUTHORIZED: 'access_denied',
  SIGN_IN_NEEDED: 'access_denied',
  DASHBOARD_READ_ONLY: 'access_denied',
  FORBIDDEN: 'access_denied',
}

export type SecurityEvent = (typeof SECURITY_EVENTS)[number]
