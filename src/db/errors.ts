import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505'

const postgresErrorOf = (error: unknown): postgres.PostgresError | undefined => {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof postgres.PostgresError ? cause : undefined
}

export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const cause = postgresErrorOf(error)
  return cause?.code === UNIQUE_VIOLATION && cause.constraint_name === constraint
}
