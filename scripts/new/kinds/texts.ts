import { textExamples } from '../examples.js'
import type { Field, Kind } from '../field.js'
import { literal, numeral, refuseUnless } from './code.js'

/** `usage` has the default length. */
function textKind(usage: string, most: number) {
  const [, byDefault] = /\((\d+)\)/.exec(usage) ?? []
  const maxOf = ({ args: [max = byDefault] }: Field) => Number(max)
  const examples = (field: Field) => {
    const [example, other] = textExamples(field.name, maxOf(field))
    return [literal(example), literal(other)] as const
  }
  function check(field: Field): void {
    const max = maxOf(field)
    const isLength = field.args.length < 2 && Number.isInteger(max) && max >= 1 && max <= most
    refuseUnless(isLength, field, `the length must be a whole number from 1 to ${most.toLocaleString('en')}`)
    const { length } = field.initial ?? 'x'
    refuseUnless(length >= 1 && length <= max, field, `the default must have 1 to ${max} characters`)
  }
  return {
    usage,
    check,
    maxOf: (field: Field) => numeral(maxOf(field)),
    column: ({ snake }: Field) => `text(${literal(snake)})`,
    columnImports: { pgCore: ['text'] },
    examples,
    initial: ({ initial }: Field) => literal(initial),
  }
}

const oneLine = textKind('line(100)', 1_000)

export const line: Kind = {
  ...oneLine,
  schema: (field) => `LineText(${oneLine.maxOf(field)}, { examples: [${oneLine.examples(field)[0]}] })`,
  schemaImports: ['LineText'],
  values: (field) => `line(${oneLine.maxOf(field)})`,
  inLists: { isSorted: true, isSearched: true },
}

// A test of slow patterns sends 50,000 characters, which must be too many.
const lines = textKind('text(10000)', 40_000)

/** A text that may not be null is not empty either. */
export const text: Kind = {
  ...lines,
  schema(field) {
    const least = field.isNullable ? '' : 'minLength: 1, '
    return `WrittenText(${lines.maxOf(field)}, { ${least}examples: [${lines.examples(field)[0]}] })`
  },
  schemaImports: ['WrittenText'],
  values: (field) => `text(${lines.maxOf(field)}${field.isNullable ? '' : ', 1'})`,
  inLists: { isSearched: true },
}
