// Plain JavaScript, so that it runs without a loader, like the build that it is compared with.
import Fastify from 'fastify'
import postgres from 'postgres'
import { encodeCursor } from '../../dist/lib/schema/pagination.js'
import { ref } from '../../dist/lib/schema/schemas.js'
import { UpdateProfile, User } from '../../dist/lib/schema/user-schemas.js'
import { buildValidator } from '../../dist/lib/schema/validation.js'
import { UserPage, UserQuery } from '../../dist/routes/users/schemas.js'

/** The minimal server with the same responses: without tokens, headers, a log, access control and audit. */
const sql = postgres(process.env.DATABASE_URL)
// The formats of the schemas are this project's own.
const app = Fastify({ schemaController: { compilersFactory: { buildValidator } } })
app.addSchema(User)

const columns = sql`
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", role, status,
  email_verified_at as "emailVerifiedAt", created_at as "createdAt", updated_at as "updatedAt"`

app.get('/api/v1/me', { schema: { response: { 200: ref(User) } } }, async ({ headers }) => {
  const [user] = await sql`select ${columns} from users where id = ${headers['user-id']}`
  return user
})

app.patch(
  '/api/v1/me',
  { schema: { body: UpdateProfile, response: { 200: ref(User) } } },
  async ({ headers, body }) => {
    const [user] = await sql`
    update users set first_name = ${body.firstName}, updated_at = now()
    where id = ${headers['user-id']} returning ${columns}`
    return user
  },
)

app.get(
  '/api/v1/users',
  { schema: { querystring: UserQuery, response: { 200: UserPage } } },
  async ({ query: { limit, sort } }) => {
    const rows = await sql`select ${columns} from users order by created_at desc, id desc limit ${limit + 1}`
    const data = rows.slice(0, limit)
    const { id, createdAt } = data.at(-1)
    const cursor = encodeCursor({ sort, value: createdAt.toISOString(), id })
    return { data, nextCursor: rows.length > limit ? cursor : null }
  },
)

process.send({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })
process.on('disconnect', () => process.exit())
