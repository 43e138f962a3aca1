import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { FastifyBaseLogger } from 'fastify'

type Export = SpanExporter['export']

/** Logs once when spans cannot be sent, and once when they can be sent again. Unsent spans are dropped. */
export class OutageLoggingExporter implements SpanExporter {
  private isDown = false

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
    if (isSent && this.isDown) this.log.info('spans can be sent again')
    if (!isSent && !this.isDown)
      this.log.warn({ err }, 'spans cannot be sent: they are dropped until the collector responds')
    this.isDown = !isSent
  }
}
