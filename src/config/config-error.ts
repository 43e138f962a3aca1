/** Everything that is wrong with the configuration, at once; the message is meant to be printed as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly mistakes: string[]) {
    const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
    super([`The configuration has ${count}:`, ...mistakes.map((mistake) => `- ${mistake}`)].join('\n'))
  }
}
