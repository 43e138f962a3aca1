// No library serves: queues such as p-queue run the work themselves, and fix its order when it arrives.
// Here the owner of the queue chooses the next waiter and hands over a resource.

/** `claim` describes the waiter to the owner of the queue. */
export type Waiter<Claim, Given> = {
  claim: Claim
  give: (given: Given) => void
  refuse: (error: Error) => void
}

/**
 * Waiters in order of arrival. Each one gets its resource, or is refused by the owner or by the
 * timeout.
 */
export class WaitQueue<Claim, Given> implements Iterable<Waiter<Claim, Given>> {
  readonly #waiters = new Set<Waiter<Claim, Given>>()

  get size(): number {
    return this.#waiters.size
  }

  [Symbol.iterator](): Iterator<Waiter<Claim, Given>> {
    return this.#waiters.values()
  }

  /**
   * Resolves with the resource. Rejects with the error of `refuse`, or after `timeoutMs` with that of
   * `lateError`.
   */
  wait(claim: Claim, timeoutMs: number, lateError: () => Error): Promise<Given> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter<Claim, Given> = {
        claim,
        give: (given) => {
          settle()
          resolve(given)
        },
        refuse: (error) => {
          settle()
          reject(error)
        },
      }
      const timer = setTimeout(() => waiter.refuse(lateError()), timeoutMs)
      this.#waiters.add(waiter)
    })
  }
}
