import type { FastifyReply, FastifyRequest } from 'fastify'

type State = 'served' | 'answered' | 'abandoned'

/**
 * The requests that have begun and not ended. When a client hangs up no hook tells: neither onResponse nor, once its body has
 * been read, onRequestAbort. Its handler goes on, though, and only at its end it is known what the request has changed.
 */
export class InFlightRequests {
  private readonly states = new Map<FastifyRequest, State>()
  private waiters: (() => void)[] = []

  constructor(private readonly onAborted: (request: FastifyRequest, reply: FastifyReply) => void) {}

  begin(request: FastifyRequest, reply: FastifyReply): void {
    this.states.set(request, 'served')
    reply.raw.once('close', () => {
      const state = this.states.get(request)
      if (state === 'answered') this.onAborted(request, reply)
      else if (state === 'served') this.states.set(request, 'abandoned')
    })
  }

  has = (request: FastifyRequest): boolean => this.states.has(request)

  /** To be called when a handler has answered, be it to nobody. */
  answer(request: FastifyRequest, reply: FastifyReply): void {
    const state = this.states.get(request)
    if (state === 'abandoned') this.onAborted(request, reply)
    else if (state === 'served') this.states.set(request, 'answered')
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
