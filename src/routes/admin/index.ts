import type { FastifyInstance } from 'fastify'
import formBody from '../../plugins/http/form-body.js'
import strictInput from '../../plugins/http/strict-input.js'
import type { JobsDashboard } from '../../plugins/infra/jobs-dashboard.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'
import { answerWithPage } from './answer-with-page.js'
import { board } from './board.js'
import { refuseOtherSites } from './guard.js'
import signInPages from './sign-in.js'

/** The jobs dashboard, and the pages to sign in to it and out of it. */
export default async function adminRoutes(app: FastifyInstance, { dashboard }: { dashboard: JobsDashboard }) {
  app.addHook('onRequest', refuseOtherSites(dashboard.origin))
  app.addHook('onRequest', async (_request, reply) => {
    // With `no-referrer`, browsers would not send the origin of a form.
    reply.header('referrer-policy', 'same-origin')
  })
  await app.register(pages)
  await app.register(board, { dashboard })
}

async function pages(app: FastifyInstance) {
  await app.register(strictInput)
  await app.register(formBody)
  app.setErrorHandler(answerWithPage)
  app.addHook('onRequest', async (_request, reply) => {
    reply.type(HTML_MEDIA_TYPE)
  })
  await app.register(signInPages)
}
