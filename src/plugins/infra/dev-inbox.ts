import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Inbox, openInbox } from '../../emails/inbox.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where mails go when there is no mail server (which production refuses); undefined when there is one. */
    devInbox: Inbox | undefined
  }
}

type DevInboxOptions = { SMTP_URL?: string; DATA_DIR: string }

/** The worker fills it, the API process shows it: they share a folder. */
async function devInbox(app: FastifyInstance, { SMTP_URL, DATA_DIR }: DevInboxOptions) {
  app.decorate('devInbox', SMTP_URL === undefined ? openInbox(join(DATA_DIR, 'mail')) : undefined)
}

export default fp(devInbox, { name: 'dev-inbox' })
