import type { Field } from '../field.js'
import { Refusal } from '../refusal.js'

/** A literal, with double quotes: Biome replaces them. */
export const literal = (value: unknown): string => JSON.stringify(value)

/** `10_000` */
export const numeral = (value: number): string =>
  Math.abs(value) < 10_000 ? String(value) : value.toLocaleString('en').replaceAll(',', '_')

export function refuseUnless(isValid: boolean, { name }: Field, reason: string): void {
  if (!isValid) throw new Refusal(`${name}: ${reason}`)
}

export const refuseArguments = (field: Field): void =>
  refuseUnless(field.args.length === 0, field, `${field.kind.usage} takes nothing in parentheses`)

export const refuseDefault = (field: Field): void =>
  refuseUnless(
    field.initial === undefined,
    field,
    `${field.kind.usage} has no default: make it optional with ?`,
  )
