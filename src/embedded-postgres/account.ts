import { readFileSync, statSync } from 'node:fs'
import { EmbeddedPostgresError } from './errors.js'

/** A user of the operating system. */
export type Account = { uid: number; gid: number }

/**
 * PostgreSQL refuses to run as root. For root, returns the account that owns the cluster, or `nobody`; for
 * other users undefined, and PostgreSQL runs as the user.
 * @throws {EmbeddedPostgresError} when there is no account `nobody`
 */
export function serverAccount(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(cluster, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return getAccount('nobody', readFileSync('/etc/passwd', 'utf8'))
}

/**
 * Finds an account in the text of `/etc/passwd`.
 * @throws {EmbeddedPostgresError} when it does not exist
 */
export function getAccount(name: string, passwd: string): Account {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  if (!fields) {
    throw new EmbeddedPostgresError(
      `PostgreSQL cannot run as root, and there is no account "${name}": run as another user, or set DATABASE_URL`,
    )
  }
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}
