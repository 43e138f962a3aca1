// No library serves: pluralize and inflection both make "cach" of caches and "cooky" of cookies. Where this is
// wrong, `--singular` corrects it.
const IRREGULAR: Record<string, string> = {
  analyses: 'analysis',
  children: 'child',
  criteria: 'criterion',
  indices: 'index',
  matrices: 'matrix',
  media: 'medium',
  menus: 'menu',
  people: 'person',
  quizzes: 'quiz',
  ...{ news: 'news', series: 'series', species: 'species' },
}

const RULES: [ending: RegExp, singular: string][] = [
  [/(mov|cook|zomb|calor)ies$/, '$1ie'],
  [/([^aeiou])ies$/, '$1y'],
  [/(ss|sh|x|[tnr]ch|[oe]ach)es$/, '$1'],
  [/([^aeiou]us|ias)es$/, '$1'],
  [/(her|tomat|potat|ech)oes$/, '$1o'],
  [/([^aious])s$/, '$1'],
  [/([ao])s$/, '$1'],
]

/** The singular of an English plural in lower case. Undefined for what looks like no plural. */
export function singularOf(plural: string): string | undefined {
  const known = IRREGULAR[plural]
  if (known !== undefined) return known
  const rule = RULES.find(([ending]) => ending.test(plural))
  return rule && plural.replace(...rule)
}
