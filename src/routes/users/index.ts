import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listUsers } from '../../db/queries/accounts/user-lists.js'
import { getUserById } from '../../db/queries/accounts/users.js'
import {
  createUserAs,
  deleteUserAs,
  updateUserAs,
} from '../../db/queries/administration/user-administration.js'
import { knownCaller } from '../../lib/auth/passwords.js'
import { EmailTaken, LastOrgAdmin, LastSuperAdmin, PasswordTooCommon } from '../../lib/errors/errors.js'
import { locationOf } from '../../lib/http/location.js'
import { IdParams, NoBody, ref } from '../../lib/schema/schemas.js'
import { CreateUser, UpdateUser, User } from '../../lib/schema/user-schemas.js'
import { UserPage, UserQuery } from './schemas.js'

const config = { role: 'super_admin' } as const

const userRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag('Users', 'All accounts. For `super_admin` only.')
  const { db, revocationList, passwords } = app

  app.get(
    '',
    {
      schema: { tags, summary: 'List users', querystring: UserQuery, response: { 200: UserPage } },
      config,
    },
    async function listAllUsers(request) {
      return listUsers(db, request.query)
    },
  )

  app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Create a user',
        description:
          'With a password, the user is `active` at once. Without one, the user is `pending` and gets a mail with a link to ' +
          'set a password.',
        body: CreateUser,
        response: { 201: ref(User) },
      },
      config: { ...config, failures: [EmailTaken, PasswordTooCommon] },
    },
    async function createOneUser(request, reply) {
      const { password, ...newUser } = request.body
      const { userId } = request.user
      const passwordHash = password && (await passwords.hashNew(password, newUser, knownCaller(userId)))
      const user = await createUserAs(db, userId, { ...newUser, ...(passwordHash && { passwordHash }) })
      return reply.code(201).header('location', locationOf(request, user.id)).send(user)
    },
  )

  app.get(
    '/:id',
    { schema: { tags, summary: 'Get a user', params: IdParams, response: { 200: ref(User) } }, config },
    async function getUser(request) {
      return getUserById(db, request.params.id)
    },
  )

  app.patch(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Update a user',
        description:
          'A new role ends the access tokens with the old one. `disabled` ends all sessions. `active` also marks the address ' +
          'as verified.',
        params: IdParams,
        body: UpdateUser,
        response: { 200: ref(User) },
      },
      config: { ...config, failures: [LastSuperAdmin] },
    },
    async function updateUser(request) {
      const user = await updateUserAs(db, request.user.userId, request.params.id, request.body)
      await revocationList.settle()
      return user
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Delete a user',
        params: IdParams,
        response: { 204: NoBody('Deleted') },
      },
      config: { ...config, failures: [LastSuperAdmin, LastOrgAdmin] },
    },
    async function deleteUser(request, reply) {
      await deleteUserAs(db, request.user.userId, request.params.id)
      await revocationList.settle()
      return reply.code(204).send()
    },
  )
}

export default userRoutes
