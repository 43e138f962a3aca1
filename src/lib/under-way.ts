import type { FastifyReply, FastifyRequest } from 'fastify'
import { holdContexts } from './context.js'

type State = 'served' | 'answered' | 'abandoned'

type Served = { state: State; release: () => void }

/**
 * The requests that have begun and not ended. When a client hangs up no hook tells: neither onResponse nor, once its body has
 * been read, onRequestAbort. Its handler goes on, though, and only at its end it is known what the request has changed.
 */
export class UnderWay {
  private readonly requests = new Map<FastifyRequest, Served>()
  private waiters: (() => void)[] = []

  constructor(private readonly onAborted: (request: FastifyRequest, reply: FastifyReply) => void) {}

  begin(request: FastifyRequest, reply: FastifyReply): void {
    const served: Served = { state: 'served', release: holdContexts() }
    this.requests.set(request, served)
    reply.raw.once('close', () => {
      if (!this.has(request)) return
      if (served.state === 'answered') this.onAborted(request, reply)
      else served.state = 'abandoned'
    })
  }

  has = (request: FastifyRequest): boolean => this.requests.has(request)

  /** To be called when a handler has answered, be it to nobody. */
  answer(request: FastifyRequest, reply: FastifyReply): void {
    const served = this.requests.get(request)
    if (served?.state === 'abandoned') this.onAborted(request, reply)
    else if (served) served.state = 'answered'
  }

  end(request: FastifyRequest): void {
    this.requests.get(request)?.release()
    this.requests.delete(request)
    if (this.requests.size > 0) return
    for (const wake of this.waiters.splice(0)) wake()
  }

  /** Resolves when none is left. */
  none(): Promise<void> {
    if (this.requests.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.waiters.push(resolve)
    })
  }
}
