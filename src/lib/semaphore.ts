import { ServiceUnavailable } from './errors.js'

export type SemaphoreState = { running: number; waiting: number }

export type Semaphore = {
  /** Runs the job when it is its turn. Throws ServiceUnavailable at once when too many are waiting already. */
  run: <T>(job: () => Promise<T>) => Promise<T>
  state: () => SemaphoreState
}

/** Lets so many jobs run at once and so many more wait: first come, first served. */
export function createSemaphore({ slots, maxWaiting }: { slots: number; maxWaiting: number }): Semaphore {
  let running = 0
  const waiting: (() => void)[] = []

  const enter = async () => {
    if (running < slots) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting) throw new ServiceUnavailable()
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  // A slot is handed on without ever being free, so that nobody who comes in between can take it.
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }

  return {
    state: () => ({ running, waiting: waiting.length }),
    run: async (job) => {
      await enter()
      try {
        return await job()
      } finally {
        leave()
      }
    },
  }
}
