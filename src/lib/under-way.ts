import type { FastifyReply, FastifyRequest } from 'fastify'

type State = 'served' | 'abandoned'

/**
 * The requests that have begun and not ended. When a client hangs up no hook tells: neither onResponse nor, once its body has
 * been read, onRequestAbort. Its handler goes on, though, and only at its end it is known what the request has changed.
 */
export class UnderWay {
  private readonly states = new Map<FastifyRequest, State>()
  private waiters: (() => void)[] = []

  constructor(private readonly onAborted: (request: FastifyRequest, reply: FastifyReply) => void) {}

  begin(request: FastifyRequest, reply: FastifyReply): void {
    this.states.set(request, 'served')
    reply.raw.once('close', () => {
      if (!this.has(request)) return
      if (reply.raw.writableEnded) this.onAborted(request, reply)
      else this.states.set(request, 'abandoned')
    })
  }

  has = (request: FastifyRequest): boolean => this.states.has(request)

  /** To be called when a handler has answered, be it to nobody. */
  answered(request: FastifyRequest, reply: FastifyReply): void {
    if (this.states.get(request) === 'abandoned') this.onAborted(request, reply)
  }

  end(request: FastifyRequest): void {
    this.states.delete(request)
    if (this.states.size > 0) return
    for (const wake of this.waiters.splice(0)) wake()
  }

  /** Resolves when none is left. */
  none(): Promise<void> {
    if (this.states.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.waiters.push(resolve)
    })
  }
}
