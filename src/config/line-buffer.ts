// No library serves: `minLength` of pino's destination delays warnings and errors, too.

const WARN = 40

/** Makes pino set `lastLevel` before it writes a line. */
const NEEDS_METADATA: unique symbol = Symbol.for('pino.metadata')

/** A longer text is written at once, because lines may be large. */
const MAX_CHARACTERS = 32 * 1024

type Output = { write: (text: string) => unknown }

/**
 * Collects lines of the log for `delayMs` and writes them together: under load, a write for each line would
 * cost more than the line itself. A line of `warn` or above is written at once, with those before it.
 */
export class LineBuffer {
  readonly [NEEDS_METADATA] = true
  lastLevel = WARN
  #text = ''
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly outputs: readonly Output[],
    private delayMs: number,
  ) {}

  write(line: string): void {
    this.#text += line
    if (this.delayMs === 0 || this.lastLevel >= WARN || this.#text.length > MAX_CHARACTERS) this.flush()
    else this.#timer ??= setTimeout(this.flush, this.delayMs)
  }

  /** Writes the waiting lines. Later lines are written at once, since no timer fires during an exit. */
  readonly end = (): void => {
    this.delayMs = 0
    this.flush()
  }

  private readonly flush = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#text
    this.#text = ''
    if (text !== '') for (const output of this.outputs) output.write(text)
  }
}
