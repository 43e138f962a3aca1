import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Inbox, openInbox } from '../../emails/inbox.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Receives the mails when there is no mail server; undefined when
     * there is one, which production requires.
     */
    devInbox: Inbox | undefined
  }
}

type DevInboxOptions = { SMTP_URL?: string; DATA_DIR: string }

/** The worker writes the mails and the API process shows them, through a shared folder. */
async function devInbox(app: FastifyInstance, { SMTP_URL, DATA_DIR }: DevInboxOptions) {
  app.decorate('devInbox', SMTP_URL === undefined ? openInbox(join(DATA_DIR, 'mail')) : undefined)
}

export default fp(devInbox, { name: 'dev-inbox' })
