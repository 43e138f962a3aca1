// Plain JavaScript, so that it runs without a loader, like the build that it is compared with.
import Fastify from 'fastify'
import postgres from 'postgres'
import { ref } from '../../dist/lib/schemas.js'
import { User } from '../../dist/lib/user-schemas.js'

/** The least that answers `GET /me`: no token, no headers, no log, nothing that checks anything. */
const { DATABASE_URL, USER_ID } = process.env
const sql = postgres(DATABASE_URL)
const app = Fastify()
app.addSchema(User)

app.get('/api/v1/me', { schema: { response: { 200: ref(User) } } }, async () => {
  const [user] = await sql`
    select id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", role, status,
      email_verified_at as "emailVerifiedAt", created_at as "createdAt", updated_at as "updatedAt"
    from users where id = ${USER_ID}`
  return user
})

process.send({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })
process.on('disconnect', () => process.exit())
