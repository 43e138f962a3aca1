import type { Field, Kind } from '../field.js'
import { literal, numeral, refuseArguments, refuseUnless } from './code.js'

function wholeKind(usage: string, schema: string, limit: number) {
  return {
    usage,
    check(field: Field): void {
      refuseArguments(field)
      const { initial = '0' } = field
      const isHeld = /^-?\d{1,16}$/.test(initial) && Math.abs(Number(initial)) <= limit
      refuseUnless(isHeld, field, 'the default must be a whole number that the type can hold')
    },
    columnImports: { pgCore: [usage] },
    schema: () => schema,
    schemaImports: [schema],
    examples: () => ['1', '2'] as const,
    initial: ({ initial }: Field) => numeral(Number(initial)),
    inLists: { isSorted: true } as const,
  }
}

export const integer: Kind = {
  ...wholeKind('integer', 'Integer32', 2 ** 31 - 1),
  column: ({ snake }) => `integer(${literal(snake)})`,
  values: () => 'integer(2 ** 31 - 1)',
}

export const bigint: Kind = {
  ...wholeKind('bigint', 'SafeInteger', Number.MAX_SAFE_INTEGER),
  column: ({ snake }) => `bigint(${literal(snake)}, { mode: 'number' })`,
  values: () => 'integer(Number.MAX_SAFE_INTEGER)',
}

/** A decimal number is a string in JSON, because a double does not have every digit. */
export const numeric: Kind = {
  usage: 'numeric(12,2)',
  check(field) {
    const [precision, scale] = digitsOf(field)
    const arePossible =
      Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0 && scale < precision
    const reason = 'the digits must be at most 30, and fewer after the point, as in numeric(12,2)'
    refuseUnless(field.args.length <= 2 && arePossible && precision <= 30, field, reason)
    const [, whole = '', fraction = ''] = /^-?(\d+)(?:[.](\d+))?$/.exec(field.initial ?? '0') ?? []
    const isHeld = whole !== '' && whole.length <= precision - scale && fraction.length <= scale
    refuseUnless(isHeld, field, 'the default must be a decimal number that the type can hold')
  },
  column(field) {
    const [precision, scale] = digitsOf(field)
    return `numeric(${literal(field.snake)}, { precision: ${precision}, scale: ${scale} })`
  },
  columnImports: { pgCore: ['numeric'] },
  schema: (field) => `Decimal(${digitsOf(field).join(', ')})`,
  schemaImports: ['Decimal'],
  examples: (field) => [literal(withScale('1', field)), literal(withScale('2', field))],
  initial: (field) => literal(withScale(field.initial ?? '', field)),
  values: (field) => `decimal(${digitsOf(field).join(', ')})`,
  inLists: {},
}

function digitsOf({ args }: Field): [precision: number, scale: number] {
  const [precision = '12', scale = args.length === 0 ? '2' : '0'] = args
  return [Number(precision), Number(scale)]
}

/** As PostgreSQL returns it: with all digits after the point. */
function withScale(decimal: string, field: Field): string {
  const [, scale] = digitsOf(field)
  const [whole = '', fraction = ''] = decimal.split('.')
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
}
