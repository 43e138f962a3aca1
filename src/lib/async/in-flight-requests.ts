// No library serves: http-terminator and close-with-grace follow connections, not handlers whose client has
// hung up.
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * `served`: the handler runs. `answered`: the response is being sent. `abandoned`: the client has hung
 * up.
 */
type State = 'served' | 'answered' | 'abandoned'

/**
 * The requests that have started and not finished. No hook of Fastify reports a client that hangs up
 * after its body has been read: neither `onResponse` nor `onRequestAbort`. The handler goes on, and
 * only when it returns is it known what the request changed. So `onAborted` is called when both have
 * happened: the handler has returned, and the connection was closed before the response was complete.
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

  /** Call this when the handler has returned its response, even when the client has hung up. */
  answer(request: FastifyRequest, reply: FastifyReply): void {
    const state = this.states.get(request)
    if (state === 'abandoned') this.onAborted(request, reply)
    else if (state === 'served') this.states.set(request, 'answered')
  }

  end(request: FastifyRequest): void {
    this.states.delete(request)
    if (this.states.size > 0) return
    for (const resolve of this.waiters.splice(0)) resolve()
  }

  /** Resolves when no request is in flight. */
  none(): Promise<void> {
    if (this.states.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.waiters.push(resolve)
    })
  }
}
