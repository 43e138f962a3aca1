// No library serves: typebox has nearly 700 modules, and loading them took a third of the time of each start.
import type TypeBox from 'typebox'
import type { TObject, TProperties } from 'typebox'

type Options = Record<string, unknown>

/** typebox's own mark of an optional property. Not enumerable, because it is not part of the schema. */
const OPTIONAL = '~optional'

const of =
  (type: string) =>
  (options: Options = {}) => ({ type, ...options })

const isOptional = (schema: object): boolean => OPTIONAL in schema

const object = (properties: TProperties, options: Options = {}) => {
  const required = Object.entries(properties).flatMap(([name, schema]) => (isOptional(schema) ? [] : name))
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
}

const optional = <T extends object>(schema: T): T =>
  Object.defineProperty({ ...schema }, OPTIONAL, { value: true })

const filterProperties = (properties: TProperties, isKept: (name: string) => boolean): TProperties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => isKept(name)))

/**
 * Takes a list or a TypeScript enum. An enum of numbers also has the numbers as keys, which are
 * skipped.
 */
const valuesOf = (values: object): unknown[] =>
  Array.isArray(values)
    ? values
    : Object.entries(values).flatMap(([key, value]) => (Number.isNaN(Number(key)) ? [value] : []))

const builders = {
  Array: (items: unknown, options: Options = {}) => ({ type: 'array', items, ...options }),
  Boolean: of('boolean'),
  Enum: (values: object, options: Options = {}) => ({ enum: valuesOf(values), ...options }),
  Integer: of('integer'),
  Literal: (value: unknown, options: Options = {}) => ({ type: typeof value, const: value, ...options }),
  Null: of('null'),
  Number: of('number'),
  Object: object,
  Omit: ({ properties }: TObject, names: readonly string[], options: Options = {}) =>
    object(
      filterProperties(properties, (name) => !names.includes(name)),
      options,
    ),
  Optional: optional,
  Partial: ({ properties }: TObject, options: Options = {}) => {
    const entries = Object.entries(properties).map(([name, schema]) => [name, optional(schema)])
    return object(Object.fromEntries(entries), options)
  },
  Pick: ({ properties }: TObject, names: readonly string[], options: Options = {}) =>
    object(
      filterProperties(properties, (name) => names.includes(name)),
      options,
    ),
  Record: (_key: unknown, value: unknown, options: Options = {}) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: of('string'),
  Tuple: (items: readonly unknown[], options: Options = {}) => ({
    type: 'array',
    additionalItems: false,
    items,
    minItems: items.length,
    ...options,
  }),
  Union: (schemas: readonly unknown[], options: Options = {}) => ({ anyOf: schemas, ...options }),
  Unsafe: (schema: object) => ({ ...schema }),
}

/**
 * The builders of typebox, with its types. They return the same schemas without loading it. As in typebox,
 * `Partial`, `Pick` and `Omit` do not copy the options of the object: a strict one needs
 * `additionalProperties: false` again. `Pick` and `Omit` accept only lists of names.
 */
const Type = builders as unknown as Pick<typeof TypeBox, keyof typeof builders>
export default Type
