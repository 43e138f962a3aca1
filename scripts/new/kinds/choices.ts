import { enumOf, type Kind } from '../field.js'
import { literal, refuseArguments, refuseDefault, refuseUnless } from './code.js'

export const boolean: Kind = {
  usage: 'boolean',
  check(field) {
    refuseArguments(field)
    const isHeld = ['true', 'false', undefined].includes(field.initial)
    refuseUnless(isHeld, field, 'the default must be true or false')
  },
  column: ({ snake }) => `boolean(${literal(snake)})`,
  columnImports: { pgCore: ['boolean'] },
  schema: () => 'Type.Boolean()',
  schemaImports: [],
  examples: ({ initial }) => (initial === 'true' ? ['true', 'false'] : ['false', 'true']),
  initial: ({ initial }) => String(initial),
  values: () => 'flag()',
  inLists: { isFiltered: true },
}

export const choice: Kind = {
  usage: 'enum(low,high)',
  check(field) {
    const { args, initial } = field
    const areLabels = args.length > 1 && args.every((label) => /^[a-z][a-z0-9_]{0,62}$/.test(label))
    refuseUnless(areLabels, field, 'an enum needs two or more labels of a-z, 0-9 and _, as in enum(low,high)')
    refuseUnless(new Set(args).size === args.length, field, 'a label of the enum is there twice')
    const isHeld = initial === undefined || args.includes(initial)
    refuseUnless(isHeld, field, `the default must be one of ${args.join(', ')}`)
  },
  column: (field, names) => `${enumOf(field, names)}(${literal(field.snake)})`,
  columnImports: { pgCore: ['pgEnum'] },
  schema: (field, names) => `StringEnum(${enumOf(field, names)}.enumValues)`,
  schemaImports: ['StringEnum'],
  examples({ args: [first, second], initial = first }) {
    return [literal(initial), literal(initial === first ? second : first)]
  },
  initial: ({ initial }) => literal(initial),
  values: ({ args }) => `choice(${literal(args)})`,
  inLists: { isFiltered: true },
}

/** The id of something that is no resource here. */
export const uuid: Kind = {
  usage: 'uuid',
  check(field) {
    refuseArguments(field)
    refuseDefault(field)
  },
  column: ({ snake }) => `uuid(${literal(snake)})`,
  columnImports: { pgCore: ['uuid'] },
  schema: () => 'Uuid',
  schemaImports: ['Uuid'],
  examples: () => [
    literal('0199d3a4-6f2c-7b1e-9c55-4b6c3f0a9d82'),
    literal('0199d3a4-6f2c-7b1e-9c55-5c7d4a1b0e93'),
  ],
  values: () => 'uuid()',
  inLists: { isFiltered: true },
}
