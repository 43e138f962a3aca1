import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { FastifyBaseLogger } from 'fastify'

type Export = SpanExporter['export']

/** Says once that spans cannot be sent, and once that they can be again. Those that could not are dropped. */
export class OutageLoggingExporter implements SpanExporter {
  private isAway = false

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: FastifyBaseLogger,
  ) {}

  export(spans: Parameters<Export>[0], onResult: Parameters<Export>[1]): void {
    this.exporter.export(spans, (result) => {
      this.logOutage(result.code === 0, result.error)
      onResult(result)
    })
  }

  forceFlush = async (): Promise<void> => this.exporter.forceFlush?.()

  shutdown = (): Promise<void> => this.exporter.shutdown()

  private logOutage(isSent: boolean, err: Error | undefined): void {
    if (isSent && this.isAway) this.log.info('spans can be sent again')
    if (!isSent && !this.isAway)
      this.log.warn({ err }, 'spans cannot be sent: they are dropped until they can be')
    this.isAway = !isSent
  }
}
