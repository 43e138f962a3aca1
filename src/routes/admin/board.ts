import { createBullBoard } from '@bull-board/api'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { isMutating } from '../../lib/audit/finished-request.js'
import { ServiceUnavailable } from '../../lib/errors/errors.js'
import { PRODUCT } from '../../lib/product.js'
import { settleFailure } from '../../plugins/http/errors.js'
import type { JobsDashboard } from '../../plugins/infra/jobs-dashboard.js'
import { answerWithPage } from './answer-with-page.js'
import { refuseChanges } from './changes.js'
import type { DeadLettersAdapter } from './dead-letters.js'
import { isForScripts, requireSuperAdmin } from './guard.js'
import { DASHBOARD_PATH } from './return-to.js'

const API_PATH = `${DASHBOARD_PATH}/api/`

/** An inline style of a bull-board icon. The browser tests fail when a new version changes it. */
const ICON_STYLE_HASH = "'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='"

/**
 * The policy of all pages, plus what bull-board needs: its base
 * element, and a web worker that highlights JSON.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${ICON_STYLE_HASH}`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join(';')

const READ_TIMEOUT_MS = 900

const uiConfigBelow = (publicPath: string) => ({
  boardTitle: `${PRODUCT.title} jobs`,
  miscLinks: [{ text: 'Sign out', url: `${publicPath}/admin/sign-out` }],
  hideDocsLink: true,
})

/** Serves bull-board. The queue is connected when a request first needs it. */
export async function board(app: FastifyInstance, { dashboard }: { dashboard: JobsDashboard }) {
  const { isReadOnly } = dashboard
  const { publicPath } = app
  const uiConfig = uiConfigBelow(publicPath)
  const serverAdapter = new FastifyAdapter()
  const { replaceQueues } = createBullBoard({ queues: [], serverAdapter, options: { uiConfig } })
  let adapter: DeadLettersAdapter | undefined

  const connect = async () => {
    const queue = await dashboard.getQueue()
    if (adapter?.isOf(queue)) return adapter
    // Slow to load, like the queue itself.
    const { DeadLettersAdapter } = await import('./dead-letters.js')
    adapter = new DeadLettersAdapter(queue, app.db, { readOnlyMode: isReadOnly })
    replaceQueues([adapter])
    return adapter
  }
  const hasFailed = async (jobId: string) => (await (await connect()).findDeadLetter(jobId)) !== undefined
  const refuse = refuseChanges({ isReadOnly, prefix: API_PATH, hasFailed })
  const waitForQueue = async () => {
    await connect()
  }

  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, public: true }
    route.schema = { ...route.schema, hide: true }
    if (isForScripts(route.url)) route.errorHandler = answerScript
    else route.errorHandler = answerWithPage
    if (!route.url.startsWith(API_PATH)) return
    route.preHandler = [refuse, waitForQueue]
    if (!isMutating(String(route.method))) route.handler = inTime(route.handler)
  })
  app.addHook('onRequest', requireSuperAdmin(app))
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
  })
  app.addHook('onSend', async (_request, reply, payload) =>
    isEntryPage(reply) && typeof payload === 'string' ? withOwnParts(payload, publicPath) : payload,
  )
  await app.register(serverAdapter.registerPlugin(), { prefix: DASHBOARD_PATH })
}

/** Adds the field `error`, which bull-board's page shows. It would treat a problem response as a success. */
function answerScript(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  return reply.type('application/json').send({ ...problem, error: problem.detail })
}

/** The page must not wait for a queue that stops responding while it is read. */
const inTime = (handler: RouteHandlerMethod): RouteHandlerMethod =>
  async function handleInTime(request, reply) {
    const answer = await withTimeout(READ_TIMEOUT_MS, Promise.resolve(handler.call(this, request, reply)))
    if (answer === undefined) throw new ServiceUnavailable()
    return answer
  }

const isEntryPage = (reply: FastifyReply): boolean =>
  reply.statusCode === 200 && String(reply.getHeader('content-type')).startsWith('text/html')

/** Removes fonts from other servers and inline styles, which the policy forbids, and adds our own assets. */
const withOwnParts = (page: string, publicPath: string): string =>
  page
    .replace(/<link [^>]*https:[^>]*>/g, '')
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/ style="[^"]*"/g, '')
    .replace(
      '</head>',
      `<link rel="stylesheet" href="${publicPath}/static/dashboard.css">\n<script src="${publicPath}/static/dashboard.js"></script>\n</head>`,
    )
