import { createHash } from 'node:crypto'
import { OperatorError } from '../../lib/errors/operator-error.js'
import type { Check } from '../driver/client.js'

type Settings = { REDIS_URL?: string | undefined; REDIS_KEY_PREFIX?: string | undefined }

/**
 * The prefix of all Redis keys of this deployment: REDIS_KEY_PREFIX, else a hash that identifies the
 * database. Empty without Redis.
 *
 * The hash is of the cluster's system identifier and the database's oid, not of a stored row. So a
 * copy from a dump or a template counts as another deployment, and a promoted standby as the same.
 * @throws {OperatorError} when the role may not read the system identifier
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
  }).catch((error) => explainDenial(error))
  return `app:${createHash('sha256').update(String(identity)).digest('hex').slice(0, 12)}`
}

const INSUFFICIENT_PRIVILEGE = '42501'

function explainDenial(error: unknown): never {
  if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
  throw new OperatorError(
    'the role of DATABASE_URL may not call pg_control_system(), which the names of Redis keys are made from: set REDIS_KEY_PREFIX to a name that no other deployment has',
  )
}
