import type { Mail } from './layout.js'

export type LinkParams = { firstName: string; email: string; link: string; expiresAt: Date }

/** A mail with a link. `path` is the page that the link opens. */
export type LinkMailPage = {
  path: '/verify-email' | '/reset-password'
  write: (params: LinkParams) => Mail
}

export type NoticeParams = { firstName: string; email: string; baseUrl: string }

/** A mail without a link token, which informs the owner of an account about a change. */
export type NoticeMailPage = { write: (params: NoticeParams) => Mail }
