import { readFileSync, statSync } from 'node:fs'
import { EmbeddedPostgresError } from './errors.js'

export type Account = { uid: number; gid: number }

/**
 * PostgreSQL refuses to run as root: then it runs as whom the cluster belongs to, or as `nobody`.
 * Undefined: as the caller.
 */
export function serverAccount(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(cluster, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return getAccount('nobody', readFileSync('/etc/passwd', 'utf8'))
}

export function getAccount(name: string, passwd: string): Account {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  if (!fields) {
    throw new EmbeddedPostgresError(
      `PostgreSQL cannot run as root and there is no account "${name}": run as another user, or set DATABASE_URL`,
    )
  }
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}
