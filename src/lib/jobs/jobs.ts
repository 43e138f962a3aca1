import type { Static } from 'typebox'
import type { MailedTokenPurpose } from '../auth/mailed-tokens.js'
import { Email, StrictObject, StringEnum, Uuid } from '../schema/schemas.js'
import Type from '../schema/type.js'
import { matchesSchema } from '../schema/validation.js'

/** Mails with a link. The token in the link is derived from a row of mailed tokens. */
export const LINK_MAILS = ['verify-email', 'confirm-email-change', 'reset-password', 'set-password'] as const
export type LinkMail = (typeof LINK_MAILS)[number]

/** The purpose of the token in each mail. */
export const PURPOSE_OF: Record<LinkMail, MailedTokenPurpose> = {
  'verify-email': 'verify_email',
  'confirm-email-change': 'verify_email',
  'reset-password': 'reset_password',
  'set-password': 'reset_password',
}

/** Mails that notify the owner of an account of a change or an attempt. */
export const NOTICE_MAILS = [
  'already-registered',
  'email-change-requested',
  'email-changed',
  'password-changed',
  'sign-in-blocked',
] as const
export type NoticeMail = (typeof NOTICE_MAILS)[number]

/** Every kind of mail. Each mailbox has a limit for each kind. */
export type MailKind = LinkMail | NoticeMail | 'invitation' | 'failed-jobs'

/**
 * The payload of every job. Payloads are stored in the outbox, so they hold ids and no secrets; the job
 * reads the rest when it runs.
 */
export const JOBS = {
  'send-link': StrictObject({ mail: StringEnum(LINK_MAILS), tokenId: Uuid }),
  /** `to`: a mailbox other than the account's current one. By default the account's. */
  'send-notice': StrictObject({ mail: StringEnum(NOTICE_MAILS), userId: Uuid, to: Type.Optional(Email) }),
  /**
   * Has an address instead of an id: the duration of the request must not show whether an account
   * exists.
   */
  'confirm-registration': StrictObject({ email: Email, registrationId: Type.Optional(Uuid) }),
  'request-verification': StrictObject({ email: Email }),
  'request-password-reset': StrictObject({ email: Email }),
  /** Not done when the session or the security version of the account has changed since the request. */
  'request-email-change': StrictObject({
    userId: Uuid,
    email: Email,
    sessionId: Uuid,
    securityVersion: Type.Integer(),
  }),
  'send-invitation': StrictObject({ invitationId: Uuid }),
  'delete-organization': StrictObject({ organizationId: Uuid }),
  'send-failed-jobs-report': StrictObject({ userId: Uuid }),
} as const

export type JobName = keyof typeof JOBS
/** Jobs that send a mail. Only `enqueueMail` may enqueue them. */
export type MailJob = Extract<JobName, `send-${string}`>
type JobPayloads = { [N in JobName]: Static<(typeof JOBS)[N]> }
export type JobPayload<N extends JobName> = JobPayloads[N]

export const isJobName = (name: string): name is JobName => Object.hasOwn(JOBS, name)

export const isPayloadOf = <N extends JobName>(name: N, payload: unknown): payload is JobPayload<N> =>
  matchesSchema(JOBS[name], payload)
