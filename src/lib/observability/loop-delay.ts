const BEAT_MS = 20

/** `ms` returns the current delay of the event loop in milliseconds. */
export type LoopDelay = { ms: () => number; close: () => void }

/**
 * Measures how late a timer is at this moment. While one turn of the event loop handles a thousand
 * requests, the delay grows from the first to the last, and is back at zero in the next turn. An
 * average over time would show the load only after it is over.
 */
export function watchLoopDelay(): LoopDelay {
  let beatAt = performance.now()
  const beat = setInterval(() => {
    beatAt = performance.now()
  }, BEAT_MS).unref()
  return { ms: () => Math.max(0, performance.now() - beatAt - BEAT_MS), close: () => clearInterval(beat) }
}
