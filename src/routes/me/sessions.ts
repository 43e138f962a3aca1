import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { endOwnSession, endSessions, listSessions } from '../../db/queries/sessions/sessions.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { IdParams, NoBody } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { SessionPage, SessionQuery } from './schemas.js'

const tags: Tag[] = ['My account']

const mySessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, revocationList } = app

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'List my sessions',
        querystring: SessionQuery,
        response: { 200: SessionPage },
      },
    },
    async function listMySessions(request) {
      const { userId, sessionId } = request.user
      const { data, nextCursor } = await listSessions(db, userId, request.query)
      return { data: data.map((session) => ({ ...session, current: session.id === sessionId })), nextCursor }
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        tags,
        summary: 'End one of my sessions',
        params: IdParams,
        response: { 204: NoBody('Ended') },
      },
    },
    async function endMySession(request, reply) {
      await endOwnSession(db, request.user.userId, request.params.id)
      recordSecurityEvent('sessions_ended')
      await revocationList.settle()
      return reply.code(204).send()
    },
  )

  app.delete(
    '',
    {
      schema: {
        tags,
        summary: 'End all my other sessions',
        response: { 204: NoBody('Ended, except for the session of this request') },
      },
    },
    async function endMyOtherSessions(request, reply) {
      const { userId, sessionId } = request.user
      await endSessions(db, userId, { except: sessionId })
      recordSecurityEvent('sessions_ended')
      await revocationList.settle()
      return reply.code(204).send()
    },
  )
}

export default mySessionRoutes
