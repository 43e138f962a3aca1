import type { Static } from 'typebox'
import type { MailedTokenPurpose } from '../auth/mailed-tokens.js'
import { Email, StrictObject, StringEnum, Uuid } from '../schema/schemas.js'
import Type from '../schema/type.js'
import { matchesSchema } from '../schema/validation.js'

/** Mails around a link; the token in it comes from its row. */
export const LINK_MAILS = ['verify-email', 'confirm-email-change', 'reset-password', 'set-password'] as const
export type LinkMail = (typeof LINK_MAILS)[number]

/** What the link in a mail is for. */
export const PURPOSE_OF: Record<LinkMail, MailedTokenPurpose> = {
  'verify-email': 'verify_email',
  'confirm-email-change': 'verify_email',
  'reset-password': 'reset_password',
  'set-password': 'reset_password',
}

/** Mails that tell the owner of an account what happened to it. */
export const NOTICE_MAILS = [
  'already-registered',
  'email-change-requested',
  'email-changed',
  'password-changed',
  'sign-in-blocked',
] as const
export type NoticeMail = (typeof NOTICE_MAILS)[number]

/** Every mail, as its mailbox is spared too many of it. */
export type MailKind = LinkMail | NoticeMail | 'invitation' | 'failed-jobs'

/**
 * Every job with its payload, for whoever asks for it and for whoever does it. Ids only, no secrets: a payload lies in the
 * outbox, and what it names is read when the job runs.
 */
export const JOBS = {
  'send-link': StrictObject({ mail: StringEnum(LINK_MAILS), tokenId: Uuid }),
  /** `to` where the notice goes to another mailbox than the account's present one. */
  'send-notice': StrictObject({ mail: StringEnum(NOTICE_MAILS), userId: Uuid, to: Type.Optional(Email) }),
  /** An address instead of an id: whether it has an account must not show in how long the request takes. */
  'confirm-registration': StrictObject({ email: Email, registrationId: Type.Optional(Uuid) }),
  'request-verification': StrictObject({ email: Email }),
  'request-password-reset': StrictObject({ email: Email }),
  /** Of the account and the session as they were when it was asked for: it is not done once they have changed. */
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
/** Those that send a mail: they are asked for with `enqueueMail` alone. */
export type MailJob = Extract<JobName, `send-${string}`>
export type JobPayload<N extends JobName> = Static<(typeof JOBS)[N]>

export const isJobName = (name: string): name is JobName => Object.hasOwn(JOBS, name)

export const isPayloadOf = <N extends JobName>(name: N, payload: unknown): payload is JobPayload<N> =>
  matchesSchema(JOBS[name], payload)
