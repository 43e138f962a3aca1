// No library serves: p-queue and p-limit fix the priority of a job when it arrives. Here it depends on what
// other callers do while the job waits.
import { Overloaded } from '../errors/errors.js'
import { ShedCounter } from './shed-counter.js'
import { type Waiter, WaitQueue } from './wait-queue.js'

/** `shed` counts refused jobs. */
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

/**
 * Limits how many jobs run and wait. Waiting jobs are not served in order of arrival, because a flood
 * would go first.
 */
export class Semaphore {
  readonly #shed = new ShedCounter()
  readonly #waiting = new WaitQueue<Caller, void>()
  readonly #use: RecentUse
  #running = 0
  #knownInARow = 0

  constructor(private readonly options: SemaphoreOptions) {
    this.#use = new RecentUse(options.now)
  }

  get state(): SemaphoreState {
    return { running: this.#running, waiting: this.#waiting.size, shed: this.#shed }
  }

  /**
   * Runs the job when a slot is free. Without `caller`, the job is that of an unknown caller.
   * @throws {Overloaded} when the job waits for longer than `maxWaitMs`, or too many jobs go before it
   */
  async run<T>(job: () => Promise<T>, caller: Caller = UNKNOWN_CALLER): Promise<T> {
    await this.#enter(caller)
    try {
      return await job()
    } finally {
      this.#leave()
    }
  }

  async #enter(caller: Caller): Promise<void> {
    const { slots, maxWaiting, maxWaitMs } = this.options
    if (this.#running < slots) {
      this.#running += 1
      return this.#start(caller)
    }
    if (this.#waiting.size >= maxWaiting) {
      const last = this.#last()
      if (!last || !this.#isBefore(caller, last.claim)) throw this.#overloaded()
      last.refuse(this.#overloaded())
    }
    await this.#waiting.wait(caller, maxWaitMs, () => this.#overloaded())
  }

  /** A slot goes directly to the next waiter, so that no newcomer can take it first. */
  #leave(): void {
    const waiter = this.#next()
    if (!waiter) {
      this.#running -= 1
      return
    }
    this.#start(waiter.claim)
    waiter.give()
  }

  #start({ isKnown, shares }: Caller): void {
    this.#knownInARow = isKnown ? this.#knownInARow + 1 : 0
    this.#use.add(shares)
  }

  #overloaded(): Overloaded {
    this.#shed.add()
    return new Overloaded()
  }

  #next(): Waiter<Caller, void> | undefined {
    const waiting = [...this.#waiting]
    const unknown = waiting.filter(({ claim }) => !claim.isKnown)
    const candidates = this.#knownInARow >= KNOWN_IN_A_ROW && unknown.length > 0 ? unknown : waiting
    return candidates.reduce<Waiter<Caller, void> | undefined>(
      (first, waiter) => (first && !this.#isBefore(waiter.claim, first.claim) ? first : waiter),
      undefined,
    )
  }

  #last(): Waiter<Caller, void> | undefined {
    return [...this.#waiting].reduce<Waiter<Caller, void> | undefined>(
      (last, waiter) => (last && this.#isBefore(waiter.claim, last.claim) ? last : waiter),
      undefined,
    )
  }

  /** Whether `one` goes before `other`. False for equal priority, so the order of arrival decides. */
  #isBefore(one: Caller, other: Caller): boolean {
    if (one.isKnown !== other.isKnown) return one.isKnown
    return this.#use.of(one.shares) < this.#use.of(other.shares)
  }
}

const USE_PERIOD_MS = 60_000

/** Counts uses by key over the last one to two minutes. */
class RecentUse {
  #current = new Map<string, number>()
  #previous = new Map<string, number>()
  #startedAt: number

  /** `now` is a monotonic clock in milliseconds. */
  constructor(readonly now: () => number = () => performance.now()) {
    this.#startedAt = now()
  }

  add(keys: readonly string[]): void {
    this.#rotate()
    for (const key of keys) this.#current.set(key, (this.#current.get(key) ?? 0) + 1)
  }

  /** The sum over all the keys. */
  of(keys: readonly string[]): number {
    this.#rotate()
    return keys.reduce((sum, key) => sum + (this.#current.get(key) ?? 0) + (this.#previous.get(key) ?? 0), 0)
  }

  #rotate(): void {
    const age = this.now() - this.#startedAt
    if (age < USE_PERIOD_MS) return
    this.#previous = age < 2 * USE_PERIOD_MS ? this.#current : new Map()
    this.#current = new Map()
    this.#startedAt += age - (age % USE_PERIOD_MS)
  }
}
