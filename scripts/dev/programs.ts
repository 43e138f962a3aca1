export type Program = {
  /** The name in messages. */
  name: string
  args: readonly string[]
  /** A debugger may keep it from ending. */
  isInspected?: true
}

/**
 * The programs of `npm run dev`, in the order in which they start.
 * Each waits until the one before it is ready.
 */
export const programs: readonly Program[] = [
  { name: 'API', args: ['src/server.ts', '--migrate'] },
  { name: 'worker', args: ['src/worker.ts'] },
]
