import { isIPv6 } from 'node:net'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Inbox } from '../../emails/inbox.js'
import { NotFound } from '../../lib/errors/errors.js'
import { isLoopback } from '../../lib/network/loopback.js'
import { NoBody } from '../../lib/schema/schemas.js'
import { inboxPage, previewsPage } from '../../views/dev-mail.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'
import { preview, previewNames } from './previews.js'
import {
  InboxQuery,
  MessageParams,
  MessageQuery,
  PreviewParams,
  PreviewQuery,
  ReceivedMail,
  ReceivedMailPage,
} from './schemas.js'

const TEXT_MEDIA_TYPE = 'text/plain; charset=utf-8'

/** Allows the inline styles that mail programs need. As in a mail program, nothing is run or loaded. */
const MAIL_CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; " +
  'sandbox allow-popups allow-popups-to-escape-sandbox'

const sendMailAsPage = (reply: FastifyReply, html: string) =>
  reply.header('content-security-policy', MAIL_CONTENT_SECURITY_POLICY).type(HTML_MEDIA_TYPE).send(html)

const config = { public: true } as const
/** Not documented: these routes do not exist in production. */
const hide = true

type DevMailOptions = { inbox: Inbox; publicUrl: string }

/**
 * Protects against DNS rebinding: another site could point its own name at this machine and then read the
 * links that open accounts. It cannot choose the `Host` header, though.
 *
 * The returned hook throws `NotFound`.
 */
const refuseOtherHosts = (ownHost: string) => async (request: FastifyRequest) => {
  const hostname = request.hostname.toLowerCase()
  const inBrackets = isIPv6(hostname) ? `[${hostname}]` : hostname
  if (inBrackets !== ownHost && !isLoopback(inBrackets)) throw new NotFound()
}

/** The development inbox as a page and as JSON, and a preview of each mail. */
const devMailRoutes: FastifyPluginAsyncTypebox<DevMailOptions> = async (app, { inbox, publicUrl }) => {
  app.addHook('onRequest', refuseOtherHosts(new URL(publicUrl).hostname))

  const getMail = async (id: string) => {
    const mail = await inbox.find(id)
    if (!mail) throw new NotFound()
    return mail
  }

  app.get(
    '',
    { schema: { hide, querystring: InboxQuery }, config },
    async function showInbox(request, reply) {
      const { message } = request.query
      const open = message === undefined ? undefined : await getMail(message)
      return reply.type(HTML_MEDIA_TYPE).send(inboxPage(await inbox.list(), open))
    },
  )

  app.get(
    '/messages',
    { schema: { hide, querystring: MessageQuery, response: { 200: ReceivedMailPage } }, config },
    async function listMails(request) {
      const { limit, cursor } = request.query
      const mails = await inbox.list()
      // A cursor whose mail was deleted starts again with the newest mail.
      const start = mails.findIndex(({ id }) => id === cursor) + 1
      const data = mails.slice(start, start + limit)
      return { data, nextCursor: mails.length > start + limit ? (data.at(-1)?.id ?? null) : null }
    },
  )

  app.delete(
    '/messages',
    { schema: { hide, response: { 204: NoBody('Emptied') } }, config },
    async function emptyInbox(_request, reply) {
      await inbox.clear()
      return reply.code(204).send()
    },
  )

  app.get(
    '/messages/:id',
    { schema: { hide, params: MessageParams, response: { 200: ReceivedMail } }, config },
    async function readMail(request) {
      return getMail(request.params.id)
    },
  )

  app.get(
    '/messages/:id/html',
    { schema: { hide, params: MessageParams }, config },
    async function showMailAsHtml(request, reply) {
      return sendMailAsPage(reply, (await getMail(request.params.id)).html)
    },
  )

  app.get('/preview', { schema: { hide }, config }, async function listPreviews(_request, reply) {
    return reply.type(HTML_MEDIA_TYPE).send(previewsPage(previewNames))
  })

  app.get(
    '/preview/:name',
    { schema: { hide, params: PreviewParams, querystring: PreviewQuery }, config },
    async function showPreview(request, reply) {
      const { text, html } = preview(request.params.name)
      if (request.query.part === 'text') return reply.type(TEXT_MEDIA_TYPE).send(text)
      return sendMailAsPage(reply, html)
    },
  )
}

export default devMailRoutes
