import { Overloaded } from '../errors/errors.js'
import { RecentUse } from './recent-use.js'
import { ShedCounter } from './shed-counter.js'

export type SemaphoreState = { running: number; waiting: number; shed: ShedCounter }

/** Whose job it is, which decides about its turn where there is no room for all. */
export type Caller = {
  /** Has proved before who they are: they go first. */
  isKnown: boolean
  /** What they share the slots by: a user, or the client's networks. Who had fewer jobs of late goes first. */
  shares: readonly string[]
}

export type Semaphore = {
  /** Runs the job when it is its turn. Throws Overloaded when others go first for too long, or too many wait before it. */
  run: <T>(job: () => Promise<T>, caller?: Caller) => Promise<T>
  state: () => SemaphoreState
}

/** `now` is a monotonic clock in milliseconds. */
export type SemaphoreOptions = { slots: number; maxWaiting: number; maxWaitMs: number; now?: () => number }

const UNKNOWN_CALLER: Caller = { isKnown: false, shares: [] }

/** So many known callers in a row leave one turn to the others, who are not to starve either. */
const KNOWN_IN_A_ROW = 3

type Waiter = { caller: Caller; wake: () => void; refuse: () => void }

/**
 * Lets so many jobs run at once and so many more wait, for so long. Not first come, first served: a flood comes first.
 * A queue of a library has priorities that are fixed when a job arrives; here they depend on what others did meanwhile.
 */
export function createSemaphore({ slots, maxWaiting, maxWaitMs, now }: SemaphoreOptions): Semaphore {
  let running = 0
  let knownInARow = 0
  /** In the order of their arrival. */
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
  /** Whether the first goes before the second. Where nothing decides, who came first does. */
  const isBefore = (one: Caller, other: Caller) =>
    one.isKnown === other.isKnown ? use.of(one.shares) < use.of(other.shares) : one.isKnown
  const next = (): Waiter | undefined => {
    const others = [...waiting].filter(({ caller }) => !caller.isKnown)
    const candidates = knownInARow >= KNOWN_IN_A_ROW && others.length > 0 ? others : [...waiting]
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
      const others = last()
      if (!others || !isBefore(caller, others.caller)) throw overloaded()
      others.refuse()
    }
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        waiting.delete(waiter)
      }
      const waiter: Waiter = {
        caller,
        wake: () => {
          end()
          start(caller)
          resolve()
        },
        refuse: () => {
          end()
          reject(overloaded())
        },
      }
      const timer = setTimeout(waiter.refuse, maxWaitMs)
      waiting.add(waiter)
    })
  }
  // A slot is handed on without ever being free, so that nobody who comes in between can take it.
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
