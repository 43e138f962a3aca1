import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isMutating } from '../../lib/audit/finished-request.js'
import { Forbidden, SignInNeeded } from '../../lib/errors/errors.js'
import { DASHBOARD_PATH, signInPathFor } from './return-to.js'

/**
 * Protects against cross-site request forgery. Browsers send the cookie with requests of any site, so a
 * request that changes something must come from a page of this server. Browsers say where it comes from in a
 * header that pages cannot set (OWASP ASVS 5.0, 3.5.1).
 *
 * The returned hook throws `Forbidden`.
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

/**
 * Lets in users with a cookie session who are a super_admin at this moment. Others are redirected to the
 * sign-in page; requests of scripts get `SignInNeeded`.
 *
 * The returned hook throws `SignInNeeded` or `Forbidden`.
 */
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

/** Whether the path is fetched by a page, not opened as one. */
export const isForScripts = (path: string): boolean =>
  path.startsWith(`${DASHBOARD_PATH}/api/`) || path.startsWith(`${DASHBOARD_PATH}/static/`)
