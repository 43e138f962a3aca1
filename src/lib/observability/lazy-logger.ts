import type { FastifyBaseLogger } from 'fastify'

type Line = (...args: unknown[]) => void

/**
 * The logger of a request, created when it writes its first line. pino redacts the bindings of a logger
 * when it creates it, and most requests write no line.
 */
export class LazyLogger implements Pick<FastifyBaseLogger, 'level' | 'child'> {
  declare readonly fatal: Line
  declare readonly error: Line
  declare readonly warn: Line
  declare readonly info: Line
  declare readonly debug: Line
  declare readonly trace: Line
  declare readonly silent: Line
  private created: FastifyBaseLogger | undefined

  constructor(
    private readonly parent: FastifyBaseLogger,
    private readonly bindings: Parameters<FastifyBaseLogger['child']>[0],
    private readonly options: Parameters<FastifyBaseLogger['child']>[1],
  ) {}

  get level(): string {
    return this.logger.level
  }

  child(...args: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.logger.child(...args)
  }

  get logger(): FastifyBaseLogger {
    this.created ??= this.parent.child(this.bindings, this.options)
    return this.created
  }
}

for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const) {
  Object.defineProperty(LazyLogger.prototype, level, {
    value(this: LazyLogger, ...args: unknown[]) {
      const { logger } = this
      ;(logger[level] as Line).apply(logger, args)
    },
  })
}
