import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Tx } from '../../db/driver/client.js'
import {
  countFreshLinks,
  createMailedToken,
  MAX_FRESH_LINKS,
  type NewMailedToken,
} from '../../db/queries/accounts/mailed-tokens.js'
import { enqueueMail } from '../../db/queries/jobs/outbox.js'
import { type DeriveToken, deriveMailedToken, type TokenRow, tokenOf } from '../../lib/auth/mailed-tokens.js'
import type { SigningKey } from '../../lib/auth/signing-keys.js'
import { type LinkMail, PURPOSE_OF } from '../../lib/jobs/jobs.js'

declare module 'fastify' {
  interface FastifyInstance {
    mailedLinks: {
      /**
       * Creates a token for the mailbox and enqueues the mail with its link. Returns false, and sends no
       * mail, when the mailbox has enough fresh links of this kind or has got too many mails with them. A
       * link that sets a password is always sent when the mailbox has no other.
       */
      issue: (tx: Tx, mail: LinkMail, link: Link) => Promise<boolean>
      /** Returns the link of a token, or undefined when its signing key is no longer in `keys`. */
      write: (row: TokenRow & { keyId: string }, path: string, derive?: DeriveToken) => string | undefined
      /** The target of mails that link to no specific page. */
      baseUrl: string
    }
  }
}

/** `email` is the mailbox. The link becomes void when the account changes or the session, if given, ends. */
type Link = Omit<NewMailedToken, 'id' | 'purpose' | 'ttlSeconds'>

export type MailedLinkOptions = {
  /** The first key derives new tokens. The others only derive tokens that exist. */
  keys: readonly [SigningKey, ...SigningKey[]]
  /** Never taken from a request: callers must not choose where the links of mails lead. */
  baseUrl: string
  ttlSeconds: Record<LinkMail, number>
}

async function mailedLinks(app: FastifyInstance, { keys, baseUrl, ttlSeconds }: MailedLinkOptions) {
  app.decorate('mailedLinks', {
    // With a slash: a proxy that strips the path before it would otherwise leave an empty path.
    baseUrl: `${baseUrl}/`,
    issue: async (tx, mail, link) => {
      const token = { ...link, purpose: PURPOSE_OF[mail], ttlSeconds: ttlSeconds[mail] }
      const fresh = await countFreshLinks(tx, token)
      if (fresh >= MAX_FRESH_LINKS) return false
      // Not the column's default: the token's hash is derived from the id before the row is written.
      const id = randomUUID()
      // Not for links that confirm an address: those may come from a stranger's registrations.
      const force = fresh === 0 && token.purpose === 'reset_password'
      const recipient = { kind: mail, email: link.email, force }
      if (!(await enqueueMail(tx, 'send-link', { mail, tokenId: id }, recipient))) return false
      await createMailedToken(tx, keys[0], { ...token, id })
      return true
    },
    write: (row, path, derive = deriveMailedToken) => {
      const key = keys.find(({ kid }) => kid === row.keyId)
      return key && `${baseUrl}${path}?token=${tokenOf(row, key, derive)}`
    },
  })
}

export default fp(mailedLinks, { name: 'mailed-links' })
