import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { findUserById, updateProfile } from '../../db/queries/users.js'
import { Unauthorized } from '../../lib/errors.js'
import { PersonName, ref, StrictObject } from '../../lib/schemas.js'
import { User } from '../../lib/user-schemas.js'

const ProfileChanges = StrictObject({
  firstName: Type.Optional(PersonName),
  lastName: Type.Optional(PersonName),
})

const meRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

  app.get(
    '',
    { schema: { tags: ['My account'], summary: 'Read my account', response: { 200: ref(User) } } },
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
        tags: ['My account'],
        summary: 'Change my name',
        body: ProfileChanges,
        response: { 200: ref(User) },
      },
    },
    async function updateMe(request) {
      return updateProfile(db, request.user.userId, request.body)
    },
  )
}

export default meRoutes
