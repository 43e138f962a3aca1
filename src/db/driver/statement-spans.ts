import { parseDatabaseUrl } from '../../lib/database-url/index.js'
import { type Attributes, findTracer, inSpan, type SpanDescription } from '../../lib/observability/tracing.js'

type Execute<V, T> = (values?: V) => Promise<T>

/** Makes of what runs a statement what does so within a span. */
export type TraceStatement = <V, T>(text: string, execute: Execute<V, T>) => Execute<V, T>

/** Nobody reads more of a statement; one of many rows is its placeholders over and over. */
const MAX_TEXT = 2_000

/** Spans with the text of each statement, in which parameters are placeholders. Undefined where tracing is off. */
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
  // Of a function that does it all, as those of the job queue.
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
