import { tracingChannel } from 'node:diagnostics_channel'
import { errorTypeOf, type Span, type Tracer } from '../lib/observability/tracing.js'

/** The message that ioredis publishes for a command while there is a subscriber. */
type Command = {
  command: string
  serverAddress: string
  serverPort?: number
  database: number
  error?: unknown
}

/**
 * Starts a span for each command inside a request or job. Keys and arguments are left out, because they may
 * hold an address.
 */
export function traceRedis(tracer: Tracer): void {
  const spans = new WeakMap<Command, Span>()
  const { start, asyncEnd } = tracingChannel<unknown, Command>('ioredis:command')

  start.subscribe((message) => {
    if (!tracer.isInSpan()) return
    const command = message as Command
    const name = command.command.toUpperCase()
    const attributes = {
      'db.system.name': 'redis',
      'db.operation.name': name,
      'db.namespace': String(command.database),
      'server.address': command.serverAddress,
      ...(command.serverPort !== undefined && { 'server.port': command.serverPort }),
    }
    spans.set(command, tracer.start({ name, kind: 'client', attributes }))
  })
  asyncEnd.subscribe((message) => {
    const command = message as Command
    spans.get(command)?.end({}, command.error === undefined ? undefined : errorTypeOf(command.error))
  })
}
