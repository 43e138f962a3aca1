import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import { bundled } from './bundle.js'
import { connect, type TestDatabase } from './database.js'
import { type Ended, type StartedProcess, startProcess } from './process.js'

type Options = { env?: NodeJS.ProcessEnv; ipc?: boolean }

/** Starts a server on a free port, with a separate data directory. */
export const spawnServer = async (t: Test, options: Options): Promise<StartedProcess> =>
  startProcess(t, await bundled('src/server.ts'), withOwnPlace(t, options))

/** Starts a server and waits for its URL. */
export async function startServer(t: Test, options: Options): Promise<StartedProcess & { url: string }> {
  const server = await spawnServer(t, options)
  const [, url = ''] = await server.says(/listening at (http:\/\/[\w.:]+)/)
  return { ...server, url }
}

/** Runs a server that must refuse to start, until it ends. */
export const runServer = async (t: Test, options: Options): Promise<Ended> =>
  (await spawnServer(t, options)).ended

function withOwnPlace(t: Test, { env, ...options }: Options): Options {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'server-'))
  t.teardown(() => rmSync(DATA_DIR, { recursive: true, force: true }))
  return {
    ...options,
    env: {
      NODE_ENV: 'test',
      CONFIG_FILE: 'off',
      PORT: '0',
      RATE_LIMIT: 'off',
      DATA_DIR,
      ...env,
    },
  }
}

export type Credentials = { email: string; password: string }

/** Inserts a user who can sign in, without the application. */
export async function insertUser(t: Test, { ownerUrl }: TestDatabase, role = 'user'): Promise<Credentials> {
  const credentials = { email: 'ada@example.com', password: 'a long and quiet sentence' }
  await connect(t, ownerUrl)`
    insert into users (email, password_hash, first_name, last_name, role, status, email_verified_at)
    values (${credentials.email}, ${await hashPassword(credentials.password)}, 'Ada', 'Test', ${role}, 'active', now())`
  return credentials
}

type SignedIn = { accessToken: string; refreshToken: string }

export async function signInAt(url: string, credentials: Credentials): Promise<SignedIn> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  return (await response.json()) as SignedIn
}
