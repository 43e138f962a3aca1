// No library serves: queues such as p-queue run the work themselves and fix its order when it arrives. Here the owner of
// the queue says who is next, and takes back what it lends.

export type Waiter<Claim, Given> = {
  claim: Claim
  give: (given: Given) => void
  refuse: (error: Error) => void
}

/** Those who wait for something, in order of arrival. Each is given it, refused, or refused after a timeout. */
export class WaitQueue<Claim, Given> implements Iterable<Waiter<Claim, Given>> {
  readonly #waiters = new Set<Waiter<Claim, Given>>()

  get size(): number {
    return this.#waiters.size
  }

  [Symbol.iterator](): Iterator<Waiter<Claim, Given>> {
    return this.#waiters.values()
  }

  /** Rejects with what `lateError` returns after `timeoutMs`. */
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
