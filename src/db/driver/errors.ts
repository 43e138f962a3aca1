import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'
import { LastOrgAdmin, ServiceUnavailable, TookTooLong } from '../../lib/errors/errors.js'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505'
const READ_ONLY_SQL_TRANSACTION = '25006'
const QUERY_CANCELED = '57014'

export const postgresErrorOf = (error: unknown): postgres.PostgresError | undefined => {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof postgres.PostgresError ? cause : undefined
}

/** The last word of the server on a connection: it ends it, or never let it in. */
const isLastWord = ({ severity }: postgres.PostgresError): boolean =>
  severity === 'FATAL' || severity === 'PANIC'

/** True for an error that the server answered and after which it goes on serving this connection. */
export function isServerError(error: unknown): boolean {
  const cause = postgresErrorOf(error)
  return cause !== undefined && !isLastWord(cause)
}

/** A write has met a server that only reads: a standby, after a failover or on the way to it. */
export const isReadOnly = (error: unknown): boolean =>
  postgresErrorOf(error)?.code === READ_ONLY_SQL_TRANSACTION

/** The server ended a statement that ran for as long as it allows one. */
export const isStatementTimeout = (error: unknown): boolean => postgresErrorOf(error)?.code === QUERY_CANCELED

export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const cause = postgresErrorOf(error)
  return cause?.code === UNIQUE_VIOLATION && cause.constraint_name === constraint
}

/** Rules that the database itself keeps, whatever statement would break them, and what clients are told. */
const FAILURE_OF_CONSTRAINT = new Map([['memberships_last_org_admin', LastOrgAdmin]])

/** Connections that fail or are refused, a pool or a server at its limits, a standby, transactions that lost a race: worth another try. */
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
  // The name of a container goes when it stops.
  'EAI_AGAIN',
  'ENOTFOUND',
])

/** True when the database could not answer, as opposed to having refused. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (cause instanceof postgres.PostgresError) return isLastWord(cause) || TRANSIENT_SQLSTATE.test(cause.code)
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && TRANSIENT_CODES.has(code)
}

/** What clients are told of an error that the database gave; undefined where it is none of their business. */
export function findFailure(error: unknown) {
  if (isStatementTimeout(error)) return new TookTooLong()
  if (isUnavailable(error)) return new ServiceUnavailable()
  const Failure = FAILURE_OF_CONSTRAINT.get(postgresErrorOf(error)?.constraint_name ?? '')
  return Failure && new Failure()
}
