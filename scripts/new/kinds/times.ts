import type { Field, Kind } from '../field.js'
import { literal, refuseArguments, refuseDefault } from './code.js'

function check(field: Field): void {
  refuseArguments(field)
  refuseDefault(field)
}

export const timestamp: Kind = {
  usage: 'timestamp',
  check,
  column: ({ snake }) => `moment(${literal(snake)})`,
  columnImports: { columns: ['moment'] },
  schema: () => 'Timestamp',
  schemaImports: ['Timestamp'],
  examples: () => [literal('2026-01-31T09:30:00.000Z'), literal('2026-02-28T09:30:00.000Z')],
  values: () => 'time()',
  inLists: { isSorted: true },
}

export const date: Kind = {
  usage: 'date',
  check,
  column: ({ snake }) => `date(${literal(snake)})`,
  columnImports: { pgCore: ['date'] },
  schema: () => 'CalendarDate',
  schemaImports: ['CalendarDate'],
  examples: () => [literal('2026-01-31'), literal('2026-02-28')],
  values: () => 'day()',
  inLists: { isSorted: true },
}
