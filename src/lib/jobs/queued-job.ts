/**
 * A job as the queue holds it. The payload stays in the outbox; the name is for people who look at the
 * queue.
 */
export type QueuedJob = { id: string; name: string }

/** A tick comes from the scheduler: it has the schedule's name, and no row in the outbox. */
export type Delivery = QueuedJob & { isTick: boolean }

type BullJob = { id?: string; name: string; repeatJobKey?: string }

export const deliveryOf = ({ id = '', name, repeatJobKey }: BullJob): Delivery => ({
  id,
  name,
  isTick: repeatJobKey !== undefined,
})

/**
 * The queue ignores an id that it has had before, so a job retried from the dead letters gets a new
 * one.
 */
export const queueIdOf = ({ id, retriedAt }: { id: string; retriedAt: Date | null }): string =>
  retriedAt === null ? id : `${id}.${retriedAt.getTime()}`

/** The reverse of `queueIdOf`. */
export const outboxIdOf = (queueId: string): string => queueId.replace(/\..*$/, '')

/** Whether a state of the queue is final. */
export const isFinished = (state: string): boolean => state === 'completed' || state === 'failed'
