/** What a job is about lies in the outbox: the queue knows its id, and its name for whoever looks into it. */
export type QueuedJob = { id: string; name: string }

/** A tick is what a scheduler made: it has the schedule's name, and no row in the outbox. */
export type Delivery = QueuedJob & { isTick: boolean }

type BullJob = { id?: string; name: string; repeatJobKey?: string }

export const deliveryOf = ({ id = '', name, repeatJobKey }: BullJob): Delivery => ({
  id,
  name,
  isTick: repeatJobKey !== undefined,
})

/** The queue does not take an id twice, so a job that came back from the dead letters has a new one there. */
export const queueIdOf = ({ id, retriedAt }: { id: string; retriedAt: Date | null }): string =>
  retriedAt === null ? id : `${id}.${retriedAt.getTime()}`

export const outboxIdOf = (queueId: string): string => queueId.replace(/\..*$/, '')

/** Of the states that the queue knows, those after which it does nothing more. */
export const isFinished = (state: string): boolean => state === 'completed' || state === 'failed'
