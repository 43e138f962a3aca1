/** Code that depends on a condition. */
export const when = (condition: unknown, code: string): string => (condition ? code : '')

/** Lines of code, without the empty ones: Biome would keep those. */
export const lines = (...parts: string[]): string => parts.filter(Boolean).join('\n')

/** One import, without repeated names; none without names. Biome puts names and imports in order. */
export const imports = (from: string, names: readonly string[]): string =>
  when(names.length > 0, `import { ${[...new Set(names)].join(', ')} } from '${from}'\n`)
