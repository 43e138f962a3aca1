import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import type { Test } from 'tap'
import { getAccount } from '../../src/embedded-postgres/account.js'
import { isRunning, pidOf } from '../../src/embedded-postgres/process-identity.js'
import { waitFor } from '../../src/embedded-postgres/wait.js'

/** The account "nobody"; undefined unless the tests run as root. */
export const nobody =
  process.getuid?.() === 0 ? getAccount('nobody', readFileSync('/etc/passwd', 'utf8')) : undefined

/** A path with spaces, below a directory that only its owner can enter. */
export function newDataDir(t: Test, owner?: { uid: number; gid: number }): string {
  const base = mkdtempSync(path.join(os.tmpdir(), 'embedded-'))
  if (owner) chownSync(base, owner.uid, owner.gid)
  const dataDir = path.join(base, 'a data directory', 'postgres')
  t.teardown(() => {
    const server = serverOf(dataDir)
    if (isRunning(server)) process.kill(pidOf(server), 'SIGKILL')
    rmSync(base, { recursive: true, force: true })
  })
  return dataDir
}

export function serverOf(dataDir: string): string {
  const file = path.join(dataDir, 'server.pid')
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

export const ends = (identity: string) => waitFor(() => (isRunning(identity) ? undefined : true), 20_000)

export async function query(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}
