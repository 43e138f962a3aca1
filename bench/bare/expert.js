// Plain JavaScript, so that it runs without a loader, like the build that it is compared with.
import { createPublicKey, randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import Fastify, { LogController } from 'fastify'
import pino from 'pino'
import postgres from 'postgres'
import { encodeCursor } from '../../dist/lib/schema/pagination.js'
import { ref } from '../../dist/lib/schema/schemas.js'
import { User } from '../../dist/lib/schema/user-schemas.js'
import { buildValidator } from '../../dist/lib/schema/validation.js'
import { UserPage, UserQuery } from '../../dist/routes/users/schemas.js'

/**
 * What an expert would write by hand for these routes alone, with the same duties: a verified token, a request id, the
 * same headers, and one line in the log.
 */
const { DATABASE_URL, LOG_FILE_PATH, OURS } = process.env
const sql = postgres(DATABASE_URL)
const app = Fastify({
  loggerInstance: pino(
    { base: null },
    pino.destination({ dest: LOG_FILE_PATH, sync: false, minLength: 4096 }),
  ),
  logController: new LogController({ disableRequestLogging: true }),
  genReqId: () => randomUUID(),
  // The formats of the schemas are this project's own.
  schemaController: { compilersFactory: { buildValidator } },
})
app.addSchema(User)

const { keys } = await (await fetch(`${OURS}/.well-known/jwks.json`)).json()
const key = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
await app.register(jwt, {
  secret: { public: String(key), private: 'signs nothing' },
  verify: { algorithms: ['EdDSA'], cache: true },
})

/** Those that the compared server sends, but for what belongs to one response. */
const { headers: theirs } = await fetch(`${OURS}/api/v1/me`)
const OWN = [
  'content-type',
  'content-length',
  'date',
  'connection',
  'keep-alive',
  'x-request-id',
  'www-authenticate',
]
const headers = Object.fromEntries([...theirs].filter(([name]) => !OWN.includes(name)))

app.addHook('onRequest', async (request, reply) => {
  reply.header('x-request-id', request.id).headers(headers)
  await request.jwtVerify()
})
app.addHook('onResponse', (request, reply, done) => {
  const { id: requestId, method, url, ip, user } = request
  const durationMs = Math.round(reply.elapsedTime * 10) / 10
  const userId = user?.sub ?? null
  app.log.info({ requestId, method, url, status: reply.statusCode, durationMs, ip, userId }, 'request')
  done()
})

const columns = sql`
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", role, status,
  email_verified_at as "emailVerifiedAt", created_at as "createdAt", updated_at as "updatedAt"`

app.get('/api/v1/me', { schema: { response: { 200: ref(User) } } }, async ({ user: { sub } }) => {
  const [user] = await sql`select ${columns} from users where id = ${sub}`
  return user
})

app.get(
  '/api/v1/users',
  { schema: { querystring: UserQuery, response: { 200: UserPage } } },
  async ({ user, query: { limit, sort } }, reply) => {
    if (user.role !== 'super_admin') return reply.code(403).send()
    const rows = await sql`select ${columns} from users order by created_at desc, id desc limit ${limit + 1}`
    const data = rows.slice(0, limit)
    const { id, createdAt } = data.at(-1)
    const cursor = encodeCursor({ sort, value: createdAt.toISOString(), id })
    return { data, nextCursor: rows.length > limit ? cursor : null }
  },
)

process.send({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
