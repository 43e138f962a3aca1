import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isRunning, ownIdentity } from './process-identity.js'

let joined = 0

/**
 * Registers a use of the server by this process. Each call counts. Returns the file to remove when
 * leaving.
 */
export function joinUsers(users: string): string {
  mkdirSync(users, { recursive: true })
  joined += 1
  const file = path.join(users, `${ownIdentity}.${joined}`)
  writeFileSync(file, '')
  return file
}

/** Whether any user is alive. Removes users that died without leaving. */
export function hasUsers(users: string): boolean {
  const names = listUsers(users)
  const alive = names.filter((name) => isRunning(name.replace(/\.\d+$/, '')))
  for (const name of names) {
    if (!alive.includes(name)) rmSync(path.join(users, name), { force: true })
  }
  return alive.length > 0
}

function listUsers(users: string): string[] {
  try {
    return readdirSync(users)
  } catch {
    return []
  }
}
