import { parseDatabaseUrl } from '../../lib/database-url/index.js'
import { type Attributes, findTracer, inSpan, type SpanDescription } from '../../lib/observability/tracing.js'

type Execute<V, T> = (values?: V) => Promise<T>

/** Wraps the function that runs a statement, so that each run has a span. */
export type TraceStatement = <V, T>(text: string, execute: Execute<V, T>) => Execute<V, T>

/** In characters. The rest of a longer statement is mostly placeholders of further rows. */
const MAX_TEXT = 2_000

/**
 * Returns a wrapper that adds spans with the text of each statement, which holds placeholders and
 * no values. Undefined if tracing is off.
 */
export function statementSpans(url: string): TraceStatement | undefined {
  if (!findTracer()) return undefined
  const { places, database: name } = parseDatabaseUrl(url)
  const [{ host, port }] = places
  const database: Attributes = {
    'db.system.name': 'postgresql',
    'db.namespace': name,
    'server.address': host,
    'server.port': port,
  }
  return (text, execute) => {
    const description = describe(text, database)
    return (values) => inSpan(description, () => execute(values))
  }
}

function describe(commented: string, database: Attributes): SpanDescription {
  const text = commented.replace(/^(?:\s*--.*\n)+/, '')
  const [, operation = ''] = /^\s*(\w+)/.exec(text) ?? []
  const [, table] = /\b(?:from|into|update)\s+(?:"?\w+"?\.)?"?(\w+)/i.exec(text) ?? []
  // A statement that only calls a function, like those of the job queue, is named by the function.
  const [, called] = table === undefined ? (/^\s*select\s+(?:\w+\.)?(\w+)\s*\(/i.exec(text) ?? []) : []
  const summary = [operation.toUpperCase(), table ?? called].filter(Boolean).join(' ')
  const attributes = {
    ...database,
    'db.query.summary': summary,
    'db.query.text': text.slice(0, MAX_TEXT),
    'db.operation.name': operation.toUpperCase(),
    ...(table !== undefined && { 'db.collection.name': table }),
  }
  return { name: summary, kind: 'client', attributes }
}
