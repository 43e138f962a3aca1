import { Overloaded } from './errors.js'
import { ShedCounter } from './shed-counter.js'

export type SemaphoreState = { running: number; waiting: number; shed: ShedCounter }

export type Semaphore = {
  /** Runs the job when it is its turn. Throws Overloaded when too many are waiting already, or it has waited too long. */
  run: <T>(job: () => Promise<T>) => Promise<T>
  state: () => SemaphoreState
}

export type SemaphoreOptions = { slots: number; maxWaiting: number; maxWaitMs: number }

/** Lets so many jobs run at once and so many more wait, for so long: first come, first served. */
export function createSemaphore({ slots, maxWaiting, maxWaitMs }: SemaphoreOptions): Semaphore {
  let running = 0
  const waiting = new Set<() => void>()
  const shed = new ShedCounter()

  const refuse = () => {
    shed.add()
    return new Overloaded()
  }
  const enter = async () => {
    if (running < slots) {
      running += 1
      return
    }
    if (waiting.size >= maxWaiting) throw refuse()
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(wake)
        reject(refuse())
      }, maxWaitMs)
      waiting.add(wake)
    })
  }
  // A slot is handed on without ever being free, so that nobody who comes in between can take it.
  const leave = () => {
    const [next] = waiting
    if (next) next()
    else running -= 1
  }

  return {
    state: () => ({ running, waiting: waiting.size, shed }),
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
