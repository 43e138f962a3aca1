import type { FastifyBaseLogger } from 'fastify'

export type OutageLog = {
  onError: (err: Error) => void
  /** The queue handed out a job, so it is there. */
  onWork: () => void
  /** From now on errors are of closing, and nobody's. */
  end: () => void
}

/** The queue tries to connect again every few seconds, on several connections: what is wrong is said once until it works. */
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
