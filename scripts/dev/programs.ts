export type Program = {
  /** The name in messages. */
  name: string
  entry: string
  args: readonly string[]
  /** Serves the connections of the port that `npm run dev` keeps open. */
  isServer?: true
  /** Another process waits, with most of the program loaded, to take its place. */
  hasSpare?: boolean
  /** The address of its inspector. A debugger may keep the program from ending. */
  inspectAt?: string
}

/**
 * The programs of `npm run dev`, in the order in which they start.
 * Each waits until the one before it is ready.
 */
export const programs: readonly Program[] = [
  {
    name: 'API',
    entry: 'src/server.ts',
    args: ['--migrate', '--listen-in-parent'],
    isServer: true,
    hasSpare: true,
  },
  { name: 'worker', entry: 'src/worker.ts', args: [] },
]
