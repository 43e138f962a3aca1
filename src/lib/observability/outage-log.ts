import type { FastifyBaseLogger } from 'fastify'

/** Logs outages of the job queue. */
export type OutageLog = {
  onError: (err: Error) => void
  /** Call this when the queue delivers a job, which proves that it works. */
  onWork: () => void
  /** Call this before closing: later errors come from the closing connections and are ignored. */
  end: () => void
}

/**
 * Logs each problem of the queue once until the queue works again. The queue reconnects every few
 * seconds on several connections, and each attempt reports an error.
 */
export function outageLog(log: FastifyBaseLogger): OutageLog {
  const logged = new Set<string>()
  let hasEnded = false
  return {
    onError: (err) => {
      if (hasEnded || logged.has(err.message)) return
      logged.add(err.message)
      log.warn({ err }, 'the job queue has a problem')
    },
    onWork: () => {
      if (logged.size > 0) log.info('the job queue works again')
      logged.clear()
    },
    end: () => {
      hasEnded = true
    },
  }
}
