import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'
import { LastOrgAdmin, ServiceUnavailable, TookTooLong } from '../../lib/errors/errors.js'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505'
const READ_ONLY_SQL_TRANSACTION = '25006'
const QUERY_CANCELED = '57014'

/** The server's error, also when drizzle wraps it. Undefined for other errors. */
export const postgresErrorOf = (error: unknown): postgres.PostgresError | undefined => {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof postgres.PostgresError ? cause : undefined
}

/** True if the server closed the connection with this error, or refused it. */
const endsConnection = ({ severity }: postgres.PostgresError): boolean =>
  severity === 'FATAL' || severity === 'PANIC'

/** True for an error that the server sent, and after which the connection still works. */
export function isServerError(error: unknown): boolean {
  const cause = postgresErrorOf(error)
  return cause !== undefined && !endsConnection(cause)
}

/** True if a write reached a read-only server: a standby, during or after a failover. */
export const isReadOnly = (error: unknown): boolean =>
  postgresErrorOf(error)?.code === READ_ONLY_SQL_TRANSACTION

/** True if the server canceled the statement at its statement timeout. */
export const isStatementTimeout = (error: unknown): boolean => postgresErrorOf(error)?.code === QUERY_CANCELED

/** `constraint` is the name of the constraint or unique index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const cause = postgresErrorOf(error)
  return cause?.code === UNIQUE_VIOLATION && cause.constraint_name === constraint
}

/** Constraints that a trigger enforces for every statement, and the failures that clients get. */
const FAILURE_OF_CONSTRAINT = new Map([['memberships_last_org_admin', LastOrgAdmin]])

/**
 * Errors that a retry may solve: failed or refused connections, a pool or server at its limits, a
 * standby, serialization failures, deadlocks, lock and statement timeouts.
 */
const TRANSIENT_SQLSTATE = /^(08|53|57P0|25006|40001|40P01|55P03|57014)/
const TRANSIENT_CODES = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'QUERY_TIMEOUT',
  'STANDBY',
  // A stopped container has no DNS name.
  'EAI_AGAIN',
  'ENOTFOUND',
])

/** True if the database was unavailable, as opposed to rejecting the statement. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (cause instanceof postgres.PostgresError)
    return endsConnection(cause) || TRANSIENT_SQLSTATE.test(cause.code)
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && TRANSIENT_CODES.has(code)
}

/** The failure that clients get for a database error. Undefined for errors that are internal. */
export function findFailure(error: unknown) {
  if (isStatementTimeout(error)) return new TookTooLong()
  if (isUnavailable(error)) return new ServiceUnavailable()
  const Failure = FAILURE_OF_CONSTRAINT.get(postgresErrorOf(error)?.constraint_name ?? '')
  return Failure && new Failure()
}
