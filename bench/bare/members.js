// Plain JavaScript, so that it runs without a loader, from the build.
import { and, eq } from 'drizzle-orm'
import { buildApp } from '../../dist/app.js'
import { loadConfig } from '../../dist/config/index.js'
import { listMembers } from '../../dist/db/queries/organizations/memberships.js'
import { memberships } from '../../dist/db/schema/memberships.js'
import { generateSigningKeyPem, parseSigningKeys } from '../../dist/lib/auth/signing-keys.js'
import { NotFound } from '../../dist/lib/errors/errors.js'
import { pageOf } from '../../dist/lib/schema/pagination.js'
import Type from '../../dist/lib/schema/type.js'
import { Member, MemberQuery } from '../../dist/routes/organizations/schemas.js'

/**
 * The whole server, with two additional routes that list the members of an organization without a scope: by
 * the same query alone (`/bare`), or after a query that checks that the caller is a member (`/checked`).
 */
const config = loadConfig({
  env: { ...process.env, CONFIG_FILE: 'off' },
  overrides: { NODE_ENV: 'test', RATE_LIMIT: 'off' },
})
const { DATABASE_URL, ORGANIZATION_ID: organizationId } = process.env
const app = await buildApp({
  config,
  databaseUrl: DATABASE_URL,
  signingKeys: parseSigningKeys(generateSigningKeyPem()),
})

const schema = { querystring: MemberQuery, response: { 200: pageOf(Type.Object(Member.properties)) } }
app.get('/bare', { schema }, async (request) => listMembers({ tx: app.db, organizationId }, request.query))
app.get('/checked', { schema }, async (request) => {
  const isCaller = eq(memberships.userId, request.user.userId)
  const [membership] = await app.db
    .select({ role: memberships.role })
    .from(memberships)
    .where(and(eq(memberships.organizationId, organizationId), isCaller))
  if (!membership) throw new NotFound()
  return listMembers({ tx: app.db, organizationId }, request.query)
})

process.send({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })
process.on('disconnect', () => process.exit())
