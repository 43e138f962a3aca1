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
import { type DeriveToken, deriveMailedToken } from '../../lib/auth/mailed-tokens.js'
import type { SigningKey } from '../../lib/auth/signing-keys.js'
import { type LinkMail, PURPOSE_OF } from '../../lib/jobs/jobs.js'

declare module 'fastify' {
  interface FastifyInstance {
    mailedLinks: {
      /**
       * Makes a token for the mailbox and asks for the mail with its link. False, and no mail, where the mailbox has
       * enough fresh links of the kind, or has had enough mails with them. A link that sets a password is never refused to a
       * mailbox that has no other.
       */
      issue: (tx: Tx, mail: LinkMail, link: Link) => Promise<boolean>
      /** The link of a token; undefined when the key that it was made with has been retired. */
      write: (row: { id: string; keyId: string }, path: string, derive?: DeriveToken) => string | undefined
      /** Where a mail leads that is about no page in particular. */
      baseUrl: string
    }
  }
}

/** `email` is the mailbox; the link is void once `user`, or the session, is not as it was. */
type Link = Omit<NewMailedToken, 'id' | 'purpose' | 'ttlSeconds'>

export type MailedLinkOptions = {
  /** The first one makes tokens; the others still know theirs. */
  keys: readonly [SigningKey, ...SigningKey[]]
  /** Never taken from a request: whoever asks for a mail must not choose where its link leads. */
  baseUrl: string
  ttlSeconds: Record<LinkMail, number>
}

async function mailedLinks(app: FastifyInstance, { keys, baseUrl, ttlSeconds }: MailedLinkOptions) {
  app.decorate('mailedLinks', {
    // The slash is what is left where a proxy strips the path before it.
    baseUrl: `${baseUrl}/`,
    issue: async (tx, mail, link) => {
      const token = { ...link, purpose: PURPOSE_OF[mail], ttlSeconds: ttlSeconds[mail] }
      const fresh = await countFreshLinks(tx, token)
      if (fresh >= MAX_FRESH_LINKS) return false
      // No UUIDv7: the token's hash has to be known before the row is written.
      const id = randomUUID()
      // Of those that confirm, the others may be a stranger's registrations.
      const force = fresh === 0 && token.purpose === 'reset_password'
      const recipient = { kind: mail, email: link.email, force }
      if (!(await enqueueMail(tx, 'send-link', { mail, tokenId: id }, recipient))) return false
      await createMailedToken(tx, keys[0], { ...token, id })
      return true
    },
    write: ({ id, keyId }, path, derive = deriveMailedToken) => {
      const key = keys.find(({ kid }) => kid === keyId)
      return key && `${baseUrl}${path}?token=${derive(key, id)}`
    },
  })
}

export default fp(mailedLinks, { name: 'mailed-links' })
