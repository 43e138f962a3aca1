import { OperatorError } from '../lib/errors/operator-error.js'

/** Lists all mistakes of the configuration. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError'

  constructor(readonly mistakes: string[]) {
    const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
    super([`The configuration has ${count}:`, ...mistakes.map((mistake) => `- ${mistake}`)].join('\n'))
  }
}
