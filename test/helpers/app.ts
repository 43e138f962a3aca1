import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { type Config, loadConfig } from '../../src/config/index.js'
import { createUser } from '../../src/db/queries/accounts/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { generateSigningKeyPem, parseSigningKeys, type SigningKey } from '../../src/lib/auth/signing-keys.js'
import { type Client, createClient } from './client.js'
import { createTestDatabase, type TestDatabase } from './database.js'
import { shareDocument } from './documented-answers.js'

export type TestApp = {
  app: FastifyInstance
  config: Config
  database: TestDatabase
  anonymous: Client
  /** Creates a user and signs them in. */
  signUp: (options?: { role?: UserRole; email?: string; password?: string }) => Promise<Client>
}

export type TestAppOptions = {
  config?: Partial<Config>
  /** Default: a new database. Pass one to run two apps on the same data. */
  database?: TestDatabase
  logger?: Logger
  signingKeys?: readonly [SigningKey, ...SigningKey[]]
  /** Routes that only the test has. */
  routes?: FastifyPluginAsync
}

export const testSigningKeys = parseSigningKeys(generateSigningKeyPem())

export const PASSWORD = 'a long and quiet sentence'

const hashes = new Map<string, Promise<string>>()

/** Hashes a password once for all its users, because hashing is slow on purpose. */
function hashOnce(password: string): Promise<string> {
  const hash = hashes.get(password) ?? hashPassword(password)
  hashes.set(password, hash)
  return hash
}

let count = 0

/** Starts the real application on a separate database. Both are removed when the test ends. */
export async function buildTestApp(t: Test, options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createTestDatabase(t))
  const config = loadConfig({
    env: { CONFIG_FILE: 'off' },
    overrides: { NODE_ENV: 'test', RATE_LIMIT: 'off', ...options.config },
  })
  const app = await buildApp({
    config,
    databaseUrl: database.url,
    directUrl: database.directUrl ?? database.url,
    signingKeys: options.signingKeys ?? testSigningKeys,
    ...(options.logger && { logger: options.logger }),
  })
  t.teardown(() => app.close())
  if (options.routes) await app.register(options.routes)
  await app.ready()
  shareDocument(app, JSON.stringify(options.config ?? {}))

  const anonymous = createClient(app)
  const signUp: TestApp['signUp'] = async ({ role = 'user', email, password = PASSWORD } = {}) => {
    count += 1
    const address = email ?? `${role.replace('_', '-')}-${count}@example.com`
    const passwordHash = await hashOnce(password)
    await withActor('cli:test', () =>
      createUser(app.db, { email: address, firstName: 'Ada', lastName: 'Test', role, passwordHash }),
    )
    return anonymous.signIn(address, password)
  }
  return { app, config, database, anonymous, signUp }
}
