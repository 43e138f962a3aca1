import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { checkMessage, type Message } from '../../emails/message.js'
import { openSmtp } from '../../emails/smtp.js'
import { MailRefused } from '../../lib/errors/mail-refused.js'
import { MAILS } from '../../metrics/worker.js'

declare module 'fastify' {
  interface FastifyInstance {
    mailer: {
      /**
       * @throws {MailRefused} when a retry cannot help
       * @throws {Error} after any other failure, when a retry may help
       */
      send: (message: Message) => Promise<void>
    }
  }
}

type MailerOptions = { SMTP_URL?: string; MAIL_FROM: string; SMTP_REQUIRE_TLS?: 'on' | 'off' }

/** Sends mails to the mail server, or to the development inbox when there is none. */
async function mailer(app: FastifyInstance, { SMTP_URL, MAIL_FROM, SMTP_REQUIRE_TLS }: MailerOptions) {
  const smtp =
    SMTP_URL === undefined
      ? undefined
      : openSmtp(SMTP_URL, MAIL_FROM, { requireTls: SMTP_REQUIRE_TLS === 'on' })

  const count = app.metrics.counter(MAILS)

  const send = async (message: Message) => {
    checkMessage(message)
    const { to, mail, messageId: id } = message
    await (smtp ? smtp.deliver(message) : app.devInbox?.add({ ...mail, id, from: MAIL_FROM, to }))
  }
  app.decorate('mailer', {
    send: async (message) => {
      try {
        await send(message)
        count({ outcome: 'sent' })
      } catch (error) {
        count({ outcome: error instanceof MailRefused ? 'refused' : 'failed' })
        throw error
      }
    },
  })
  app.addHook('onClose', async () => smtp?.close())
}

export default fp(mailer, { name: 'mailer', dependencies: ['dev-inbox', 'metrics'] })
