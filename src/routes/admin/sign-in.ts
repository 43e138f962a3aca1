import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findUserToSignIn } from '../../db/queries/accounts/sign-in.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { anonymousCaller } from '../../lib/auth/passwords.js'
import { InvalidCredentials } from '../../lib/errors/errors.js'
import { SIGN_IN_LIMIT } from '../../rate-limit/route-limits.js'
import { signInPage, signOutPage } from '../../views/admin.js'
import { returnPathOf, SIGN_IN_PATH } from './return-to.js'
import { SignInForm, SignInQuery } from './schemas.js'

const SIGN_OUT_PATH = '/admin/sign-out'
const SEE_OTHER = 303
const config = { public: true } as const

/** The pages to sign in and out with a browser. They work without JavaScript. */
const signInPages: FastifyPluginAsyncTypebox = async (app) => {
  const { db, cookieSessions, signInGuard } = app

  app.get(
    SIGN_IN_PATH,
    { schema: { hide: true, querystring: SignInQuery }, config },
    async function askToSignIn(request, reply) {
      const next = returnPathOf(request.query.next)
      const session = await cookieSessions.find(request)
      if (session?.user.role === 'super_admin') return reply.redirect(next)
      return signInPage({ next })
    },
  )

  app.post(
    SIGN_IN_PATH,
    { schema: { hide: true, body: SignInForm }, config: { ...config, rateLimits: SIGN_IN_LIMIT } },
    async function signInByForm(request, reply) {
      const { next, email, password } = request.body
      const { user, addresses } = await findUserToSignIn(db, email)
      // Replaced below when the sign-in succeeds.
      recordSecurityEvent('sign_in_failed', user?.id)
      const isVerified = await signInGuard.verifyPassword({
        email,
        from: { ip: request.ip },
        user,
        password,
        caller: anonymousCaller(request.ip, addresses),
      })
      // The same response in all cases, so that the page does not reveal whether a password was right.
      if (!user || !isVerified || user.status !== 'active' || user.role !== 'super_admin')
        throw new InvalidCredentials()
      const earlier = await cookieSessions.find(request)
      await cookieSessions.start(user, request, reply)
      if (earlier) await cookieSessions.end(earlier.id)
      recordSecurityEvent('sign_in', user.id)
      return reply.redirect(returnPathOf(next), SEE_OTHER)
    },
  )

  app.get(SIGN_OUT_PATH, { schema: { hide: true }, config }, async function askToSignOut(request, reply) {
    const session = await cookieSessions.find(request)
    return session ? signOutPage(session.user.email) : reply.redirect(SIGN_IN_PATH)
  })

  app.post(SIGN_OUT_PATH, { schema: { hide: true }, config }, async function signOutByForm(request, reply) {
    const session = await cookieSessions.find(request)
    if (session) {
      request.context.userId = session.user.id
      request.context.actor = 'user'
      await cookieSessions.end(session.id)
      recordSecurityEvent('sign_out')
    }
    cookieSessions.forget(reply)
    return reply.redirect(SIGN_IN_PATH, SEE_OTHER)
  })
}

export default signInPages
