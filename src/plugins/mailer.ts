import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { checkMessage, type Message } from '../emails/message.js'
import { openSmtp } from '../emails/smtp.js'

declare module 'fastify' {
  interface FastifyInstance {
    mailer: {
      /** Throws MailRefused for what no retry can mend; after any other error it is worth trying again. */
      send: (message: Message) => Promise<void>
    }
  }
}

type MailerOptions = { SMTP_URL?: string; MAIL_FROM: string }

/** To the mail server, or into the development inbox where there is none. */
async function mailer(app: FastifyInstance, { SMTP_URL, MAIL_FROM }: MailerOptions) {
  const smtp = SMTP_URL === undefined ? undefined : openSmtp(SMTP_URL, MAIL_FROM)

  app.decorate('mailer', {
    send: async (message) => {
      checkMessage(message)
      const { to, mail, messageId: id } = message
      await (smtp ? smtp.deliver(message) : app.devInbox?.add({ ...mail, id, from: MAIL_FROM, to }))
    },
  })
  app.addHook('onClose', async () => smtp?.close())
}

export default fp(mailer, { name: 'mailer', dependencies: ['dev-inbox'] })
