import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { endSession } from '../../db/queries/sessions/sessions.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { NoBody } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'

const tags: Tag[] = ['Authentication']

const signOutRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, revocationList } = app

  app.post(
    '/logout',
    {
      schema: {
        tags,
        summary: 'Sign out',
        description: 'Ends this session and its access tokens. Other sessions continue.',
        response: { 204: NoBody('Signed out') },
      },
    },
    async function signOut(request, reply) {
      await endSession(db, request.user.sessionId)
      recordSecurityEvent('sign_out')
      await revocationList.settle()
      return reply.code(204).send()
    },
  )
}

export default signOutRoutes
