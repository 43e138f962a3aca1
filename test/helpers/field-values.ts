/** Values of fields of each type, for the tests of a resource. */
import type { Client } from './client.js'
import { UNKNOWN_ID } from './operations.js'
import { findMistake } from './problems.js'

export type FieldValues = {
  /** Accepted, and returned as they are. */
  valid: readonly unknown[]
  invalid: readonly unknown[]
  /** Lists search in it. */
  isSearched?: true
}

const NOT_STORABLE = ['a\0b', 'a\uD800b']
const TEXTS = ['Difference Engine', 'difference engine', 'ada', 'Émile', '100%', 'a_b']
const short = (maxLength: number) => TEXTS.filter(({ length }) => length <= maxLength)

export const line = (maxLength: number): FieldValues => ({
  valid: [...short(maxLength), 'ž'.repeat(maxLength)],
  invalid: ['', ' ', 'x'.repeat(maxLength + 1), 'two\nlines', ...NOT_STORABLE, null, 1, ['a']],
  isSearched: true,
})

export const text = (maxLength: number, minLength = 0): FieldValues => ({
  valid: [...short(maxLength), ...(maxLength < 9 ? [] : ['two\nlines']), 'ž'.repeat(maxLength)],
  invalid: [...(minLength > 0 ? [''] : []), 'x'.repeat(maxLength + 1), ...NOT_STORABLE, null, 1, {}],
  isSearched: true,
})

export const flag = (): FieldValues => ({ valid: [true, false], invalid: [null, 0, 'true', ''] })

export const choice = (values: readonly string[]): FieldValues => ({
  valid: values,
  invalid: ['', 'surprise', values[0]?.toUpperCase(), null, true],
})

export const integer = (limit: number): FieldValues => ({
  valid: [1, 0, -1, limit],
  invalid: [limit + 1, 1.5, null, '1', true],
})

export const decimal = (precision: number, scale: number): FieldValues => {
  const fraction = (digit: string) => (scale === 0 ? '' : `.${digit.repeat(scale)}`)
  return {
    valid: [`1${fraction('5')}`, `-1${fraction('0')}`, `${'9'.repeat(precision - scale)}${fraction('9')}`],
    invalid: [
      '',
      '1e3',
      '1,5',
      ' 1',
      `${'9'.repeat(precision - scale + 1)}`,
      `1.${'1'.repeat(scale + 1)}`,
      null,
      1,
    ],
  }
}

export const time = (): FieldValues => ({
  valid: ['2026-01-31T09:30:00.000Z', '0100-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
  invalid: ['', '2026-01-31', '2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', null, 1769851800000],
})

export const day = (): FieldValues => ({
  valid: ['2026-01-31', '0001-01-01', '9999-12-31'],
  invalid: ['', '2026-02-30', '0000-01-01', '2026-01-31T00:00:00Z', null, 20260131],
})

export const uuid = (): FieldValues => ({ valid: [UNKNOWN_ID], invalid: ['', 'x', null, 1] })

export const orNull = ({ valid, invalid, ...others }: FieldValues): FieldValues => ({
  ...others,
  valid: [...valid, null],
  invalid: invalid.filter((value) => value !== null),
})

type Tried = {
  /** Of the collection, and of one of its objects. */
  paths: { collection: string; one: string }
  minimal: Record<string, unknown>
  fields: Record<string, FieldValues>
  /** Fields that no body may have, with values. */
  readOnly: Record<string, unknown>
}

/** Creates and changes objects with each value, and describes each unexpected answer. */
export async function findFieldMistakes(client: Client, tried: Tried): Promise<string[]> {
  const { paths, minimal, fields, readOnly } = tried
  const mistakes: string[] = []
  const send = async (field: string, value: unknown) => [
    await client.post(paths.collection, { ...minimal, [field]: value }),
    await client.patch(paths.one, { [field]: value }),
  ]
  const note = (field: string, value: unknown, mistake: string | undefined) => {
    if (mistake !== undefined) mistakes.push(`${field} ${JSON.stringify(value)?.slice(0, 50)}: ${mistake}`)
  }
  for (const [field, { valid }] of Object.entries(fields)) {
    for (const value of valid) {
      for (const { status, body, text } of await send(field, value))
        note(field, value, status < 300 && body[field] === value ? undefined : `${status} ${text}`)
    }
  }
  const refused = Object.entries(readOnly).map(([field, value]) => [field, { invalid: [value] }] as const)
  for (const [field, { invalid }] of [...Object.entries(fields), ...refused]) {
    for (const value of invalid) {
      for (const answer of await send(field, value))
        note(field, value, findMistake(answer, { status: 400, code: 'VALIDATION_FAILED', paths: [field] }))
    }
  }
  return mistakes
}

const ROWS = 10

/** Creates objects that differ in each field, some of them in the same value. */
export async function createVariants(
  client: Client,
  path: string,
  minimal: Record<string, unknown>,
  fields: Record<string, FieldValues>,
): Promise<void> {
  for (let i = 0; i < ROWS; i += 1) {
    const values = Object.entries(fields).map(([name, { valid }], j) => [name, valid[(i + j) % valid.length]])
    const { status, text } = await client.post(path, { ...minimal, ...Object.fromEntries(values) })
    if (status !== 201) throw new Error(text)
  }
}
