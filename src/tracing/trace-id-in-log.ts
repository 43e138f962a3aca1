import { trace } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import pino from 'pino'

type Log = Record<symbol, unknown>

const BINDING = '"traceId":'

/**
 * Adds the trace id to lines of loggers that do not know the request, such as that of the app. It
 * changes the existing logger, so that lines cost nothing while tracing is off.
 */
export function addTraceIdToLog(log: FastifyBaseLogger): void {
  const { mixinSym, chindingsSym } = pino.symbols
  const internals = log as unknown as Log
  internals[mixinSym] = (_fields: object, _level: number, logger: Log) => {
    const traceId = trace.getActiveSpan()?.spanContext().traceId
    // JSON parsers treat a repeated name differently, so it must not be in a line twice.
    const isBound = String(logger[chindingsSym]).includes(BINDING)
    return traceId === undefined || isBound ? {} : { traceId }
  }
}
