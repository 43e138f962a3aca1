export type Program = {
  /** What people call it. */
  name: string
  args: readonly string[]
}

/** What `npm run dev` runs, in the order of the starts: each waits until the one before it is ready. */
export const programs: readonly Program[] = [
  { name: 'API', args: ['src/server.ts', '--migrate'] },
  { name: 'worker', args: ['src/worker.ts'] },
]
