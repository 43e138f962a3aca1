// No library serves: `minLength` of pino's destination delays warnings and errors, too.

const WARN = 40

/** Has pino say of what level a line is, before it writes it. */
const NEEDS_METADATA: unique symbol = Symbol.for('pino.metadata')

/** More than this is not gathered: a line may be large. */
const MAX_CHARACTERS = 16 * 1024

type Output = { write: (text: string) => unknown }

/**
 * Gathers lines of a log for a moment and writes them at once: under load a write for each would cost more than the line
 * itself. From `warn` on a line waits for nothing, and takes those before it along.
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

  /** What comes later is written at once: no timer fires any more. */
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
