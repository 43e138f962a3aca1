import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findUserById, updateProfile } from '../../db/queries/accounts/users.js'
import { Unauthorized } from '../../lib/errors/errors.js'
import { ref } from '../../lib/schema/schemas.js'
import { UpdateProfile, User } from '../../lib/schema/user-schemas.js'
import myCredentialRoutes from './credentials.js'
import mySessionRoutes from './sessions.js'

const meRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag('My account', 'The account and the sessions of the caller.')
  const { db } = app

  app.get(
    '',
    { schema: { tags, summary: 'Get my account', response: { 200: ref(User) } } },
    async function getMe(request) {
      const user = await findUserById(db, request.user.userId)
      if (!user) throw new Unauthorized()
      return user
    },
  )

  app.patch(
    '',
    {
      schema: {
        tags,
        summary: 'Change my name',
        body: UpdateProfile,
        response: { 200: ref(User) },
      },
    },
    async function updateMe(request) {
      return updateProfile(db, request.user.userId, request.body)
    },
  )

  await app.register(myCredentialRoutes)
  await app.register(mySessionRoutes, { prefix: '/sessions' })
}

export default meRoutes
