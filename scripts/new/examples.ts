import { splitWords, withArticle } from './names.js'

/** An example of a text, and another to change it to. */
type Examples = readonly [example: string, other: string]

/** Examples that read well, for frequent names. */
const BY_NAME: Record<string, Examples> = {
  body: ['Buy milk and bread.', 'Buy bread.'],
  city: ['London', 'Turin'],
  comment: ['Without mistakes.', 'With one mistake.'],
  company: ['Analytical Engines', 'Difference Engines'],
  content: ['Buy milk and bread.', 'Buy bread.'],
  country: ['England', 'Italy'],
  description: ['Tables of logarithms, without mistakes.', 'Tables of sines.'],
  name: ['Difference Engine', 'Analytical Engine'],
  note: ['Call back on Monday.', 'Call back on Tuesday.'],
  subject: ['Tables of logarithms', 'Tables of sines'],
  summary: ['Tables of logarithms, without mistakes.', 'Tables of sines.'],
  text: ['Buy milk', 'Buy bread'],
  title: ['Sketch of the Analytical Engine', 'Notes on the Sketch'],
}

/** Examples of a text of at most `maxLength` characters. */
export function textExamples(name: string, maxLength: number): Examples {
  const noun = splitWords(name).join(' ')
  const sentence = withArticle(noun)
  const [example, other] = BY_NAME[name] ?? [
    sentence.charAt(0).toUpperCase() + sentence.slice(1),
    `Another ${noun}`,
  ]
  const fits = example.length <= maxLength && other.length <= maxLength
  return fits ? [example, other] : ['A'.repeat(Math.min(maxLength, 3)), 'B'.repeat(Math.min(maxLength, 3))]
}
