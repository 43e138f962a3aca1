import { createPostgresBackend } from 'bullmq'
import { statementSpans } from '../driver/statement-spans.js'

/** The method that runs every statement of the queue. */
type Backend = { query: (text: string, values: unknown[]) => Promise<unknown> }

/** BullMQ's backend for PostgreSQL, with a span for each statement if tracing is on. */
export function postgresBackend(databaseUrl: string): typeof createPostgresBackend {
  const trace = statementSpans(databaseUrl)
  if (!trace) return createPostgresBackend
  return (...args) => {
    const backend = createPostgresBackend(...args)
    const traced = backend as unknown as Backend
    const query = traced.query.bind(backend)
    traced.query = (text, values) => trace(text, () => query(text, values))()
    return backend
  }
}
