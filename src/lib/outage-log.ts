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
  let said: string | undefined
  let hasEnded = false
  return {
    onError: (err) => {
      if (hasEnded || err.message === said) return
      said = err.message
      log.warn({ err }, 'the job queue has a problem')
    },
    onWork: () => {
      if (said !== undefined) log.info('the job queue works again')
      said = undefined
    },
    end: () => {
      hasEnded = true
    },
  }
}
