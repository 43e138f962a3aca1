import { createHash } from 'node:crypto'
import { OperatorError } from '../../lib/errors/operator-error.js'
import type { Check } from '../driver/client.js'

type Settings = { REDIS_URL?: string | undefined; REDIS_KEY_PREFIX?: string | undefined }

/**
 * What every key of this deployment in Redis begins with: the setting, else a name made of the database, which is what a
 * deployment is about. It is the server's own identity and the database's number there, and no row of ours: a copy made of a
 * dump or a template is another deployment, while a standby that takes over is the same one.
 * @throws OperatorError where PostgreSQL does not tell its identity
 */
export async function findKeyPrefix(
  { REDIS_URL, REDIS_KEY_PREFIX }: Settings,
  check: Check,
): Promise<string> {
  if (REDIS_KEY_PREFIX !== undefined) return REDIS_KEY_PREFIX
  if (REDIS_URL === undefined) return ''
  const identity = await check(async (sql) => {
    const [row] = await sql<{ identity: string }[]>`
      select system_identifier || '/' || (select oid from pg_database where datname = current_database()) as identity
      from pg_control_system()`
    return row?.identity
  }).catch((error) => refuse(error))
  return `groundwork:${createHash('sha256').update(String(identity)).digest('hex').slice(0, 12)}`
}

const INSUFFICIENT_PRIVILEGE = '42501'

function refuse(error: unknown): never {
  if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
  throw new OperatorError(
    'the role of DATABASE_URL may not call pg_control_system(), from which keys in Redis are named: set REDIS_KEY_PREFIX to a name that no other deployment has',
  )
}
