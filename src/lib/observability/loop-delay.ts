const BEAT_MS = 20

export type LoopDelay = { ms: () => number; close: () => void }

/**
 * For how long the event loop has not come round: by how much a timer is late, at this moment. While a thousand requests are
 * worked off in one turn it grows from the first to the last of them, and is back at zero in the next turn; an average over a
 * time would know of the load only when it is over.
 */
export function watchLoopDelay(): LoopDelay {
  let beatAt = performance.now()
  const beat = setInterval(() => {
    beatAt = performance.now()
  }, BEAT_MS).unref()
  return { ms: () => Math.max(0, performance.now() - beatAt - BEAT_MS), close: () => clearInterval(beat) }
}
