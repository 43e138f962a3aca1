import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isMutating } from '../../lib/audit/finished-request.js'
import { Forbidden, SignInNeeded } from '../../lib/errors/errors.js'
import { DASHBOARD_PATH, signInPathFor } from './return-to.js'

/**
 * Against forged requests: a cookie comes along whoever sends it, so what changes something has to come from a page of this
 * server. Every browser says so, in a header that no page can set (OWASP ASVS 5.0, 3.5.1).
 */
export const refuseOtherSites = (ownOrigin: string) => async (request: FastifyRequest) => {
  const { headers, method, protocol, host } = request
  if (!isMutating(method)) return
  const site = headers['sec-fetch-site']
  const isOwn =
    site === undefined
      ? [ownOrigin, `${protocol}://${host}`].includes(headers.origin ?? '')
      : site === 'same-origin'
  if (!isOwn) throw new Forbidden()
}

/** Lets in who has signed in on the page, and is a super_admin at this moment. Nobody's page becomes the one to sign in on. */
export const requireSuperAdmin =
  ({ cookieSessions }: FastifyInstance) =>
  async (request: FastifyRequest, reply: FastifyReply) => {
    const session = await cookieSessions.find(request)
    if (!session) {
      if (isForScripts(request.routeOptions.url ?? '')) throw new SignInNeeded()
      return reply.redirect(signInPathFor(request.url))
    }
    const { id, role } = session.user
    request.user = { userId: id, sessionId: session.id, role }
    request.context.userId = id
    request.context.actor = 'user'
    if (role !== 'super_admin') throw new Forbidden()
  }

/** What the pages fetch, as opposed to what somebody goes to. */
export const isForScripts = (path: string): boolean =>
  path.startsWith(`${DASHBOARD_PATH}/api/`) || path.startsWith(`${DASHBOARD_PATH}/static/`)
