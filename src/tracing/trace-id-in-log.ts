import { trace } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import pino from 'pino'

type Log = Record<symbol, unknown>

const BINDING = '"traceId":'

/**
 * The trace's id in lines of a logger that does not know the request, such as the app's own. Set on the logger that is there
 * already: where tracing is off, no line pays for it.
 */
export function nameTraceInLog(log: FastifyBaseLogger): void {
  const { mixinSym, chindingsSym } = pino.symbols
  const own = log as unknown as Log
  own[mixinSym] = (_fields: object, _level: number, logger: Log) => {
    const traceId = trace.getActiveSpan()?.spanContext().traceId
    // Twice in one line it would be no JSON that everybody reads alike.
    const isNamed = String(logger[chindingsSym]).includes(BINDING)
    return traceId === undefined || isNamed ? {} : { traceId }
  }
}
