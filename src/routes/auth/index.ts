import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import passwordResetRoutes from './password-reset.js'
import registrationRoutes from './registration.js'
import signInRoutes from './sign-in.js'
import signOutRoutes from './sign-out.js'

const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.tag(
    'Authentication',
    'Sign-in and sign-out, registration, confirmation of the e-mail address, password reset.',
  )
  await app.register(signInRoutes)
  await app.register(signOutRoutes)
  await app.register(registrationRoutes)
  await app.register(passwordResetRoutes)
}

export default authRoutes
