import type { Mail } from './layout.js'

export type LinkParams = { firstName: string; email: string; link: string; expiresAt: Date }

/** A mail around a link: `path` is the page that it leads to. */
export type LinkMailPage = {
  path: '/verify-email' | '/reset-password'
  write: (params: LinkParams) => Mail
}

export type NoticeParams = { firstName: string; email: string; baseUrl: string }

/** A mail that tells the owner of an account what happened to it. */
export type NoticeMailPage = { write: (params: NoticeParams) => Mail }
