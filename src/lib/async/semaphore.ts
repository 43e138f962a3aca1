import { Overloaded } from '../errors/errors.js'
import { RecentUse } from './recent-use.js'
import { ShedCounter } from './shed-counter.js'

export type SemaphoreState = { running: number; waiting: number; shed: ShedCounter }

/** The caller of a job. Decides the order of jobs when not all of them can run. */
export type Caller = {
  /** Known callers have proved their identity before, and go first. */
  isKnown: boolean
  /**
   * The keys of fair sharing: a user, or the client's networks. Callers with fewer recent jobs go
   * first.
   */
  shares: readonly string[]
}

export type Semaphore = {
  /**
   * Runs the job when a slot is free. Without `caller`, the job is that of an unknown caller.
   * @throws {Overloaded} when the job waits for longer than `maxWaitMs`, or too many jobs go before it
   */
  run: <T>(job: () => Promise<T>, caller?: Caller) => Promise<T>
  state: () => SemaphoreState
}

export type SemaphoreOptions = {
  /** How many jobs run at the same time. */
  slots: number
  /** How many more jobs may wait. */
  maxWaiting: number
  maxWaitMs: number
  /** A monotonic clock in milliseconds, by default `performance.now`. */
  now?: () => number
}

const UNKNOWN_CALLER: Caller = { isKnown: false, shares: [] }

/** After this many known callers in a row, an unknown one gets a turn, so that they do not starve. */
const KNOWN_IN_A_ROW = 3

type Waiter = { caller: Caller; wake: () => void; refuse: () => void }

/**
 * Limits how many jobs run and wait. Waiting jobs are not served in order of arrival, because a flood
 * would go first. Library queues fix a job's priority when it arrives; here it depends on what other
 * callers do while the job waits.
 */
export function createSemaphore({ slots, maxWaiting, maxWaitMs, now }: SemaphoreOptions): Semaphore {
  let running = 0
  let knownInARow = 0
  /** In order of arrival. */
  const waiting = new Set<Waiter>()
  const shed = new ShedCounter()
  const use = new RecentUse(now)

  const overloaded = () => {
    shed.add()
    return new Overloaded()
  }
  const start = ({ isKnown, shares }: Caller) => {
    knownInARow = isKnown ? knownInARow + 1 : 0
    use.add(shares)
  }
  /** Whether `one` goes before `other`. False for equal priority, so the order of arrival decides. */
  const isBefore = (one: Caller, other: Caller) =>
    one.isKnown === other.isKnown ? use.of(one.shares) < use.of(other.shares) : one.isKnown
  const next = (): Waiter | undefined => {
    const unknown = [...waiting].filter(({ caller }) => !caller.isKnown)
    const candidates = knownInARow >= KNOWN_IN_A_ROW && unknown.length > 0 ? unknown : [...waiting]
    return candidates.reduce<Waiter | undefined>(
      (first, waiter) => (first && !isBefore(waiter.caller, first.caller) ? first : waiter),
      undefined,
    )
  }
  const last = (): Waiter | undefined =>
    [...waiting].reduce<Waiter | undefined>(
      (found, waiter) => (found && isBefore(waiter.caller, found.caller) ? found : waiter),
      undefined,
    )

  const enter = async (caller: Caller) => {
    if (running < slots) {
      running += 1
      return start(caller)
    }
    if (waiting.size >= maxWaiting) {
      const lastWaiter = last()
      if (!lastWaiter || !isBefore(caller, lastWaiter.caller)) throw overloaded()
      lastWaiter.refuse()
    }
    await new Promise<void>((resolve, reject) => {
      const stopWaiting = () => {
        clearTimeout(timer)
        waiting.delete(waiter)
      }
      const waiter: Waiter = {
        caller,
        wake: () => {
          stopWaiting()
          start(caller)
          resolve()
        },
        refuse: () => {
          stopWaiting()
          reject(overloaded())
        },
      }
      const timer = setTimeout(waiter.refuse, maxWaitMs)
      waiting.add(waiter)
    })
  }
  // A slot goes directly to the next waiter, so that no newcomer can take it first.
  const leave = () => {
    const waiter = next()
    if (waiter) waiter.wake()
    else running -= 1
  }

  return {
    state: () => ({ running, waiting: waiting.size, shed }),
    run: async (job, caller = UNKNOWN_CALLER) => {
      await enter(caller)
      try {
        return await job()
      } finally {
        leave()
      }
    },
  }
}
