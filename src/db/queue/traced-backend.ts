import { createPostgresBackend } from 'bullmq'
import { statementSpans } from '../driver/statement-spans.js'

/** What all statements of the queue pass. */
type Backend = { query: (text: string, values: unknown[]) => Promise<unknown> }

/** BullMQ's backend on PostgreSQL, with spans of what a trace waits for there; as it comes where tracing is off. */
export function postgresBackend(databaseUrl: string): typeof createPostgresBackend {
  const trace = statementSpans(databaseUrl)
  if (!trace) return createPostgresBackend
  return (...args) => {
    const backend = createPostgresBackend(...args)
    const own = backend as unknown as Backend
    const query = own.query.bind(backend)
    own.query = (text, values) => trace(text, () => query(text, values))()
    return backend
  }
}
