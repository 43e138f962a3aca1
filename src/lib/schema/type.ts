import type TypeBox from 'typebox'
import type { TProperties } from 'typebox'

type Options = Record<string, unknown>

/** How typebox itself marks a property that may be left out; it is no part of the schema, so it is not enumerable. */
const OPTIONAL = '~optional'

const of =
  (type: string) =>
  (options: Options = {}) => ({ type, ...options })

const builders = {
  Array: (items: unknown, options: Options = {}) => ({ type: 'array', items, ...options }),
  Boolean: of('boolean'),
  Integer: of('integer'),
  Literal: (value: unknown, options: Options = {}) => ({ type: typeof value, const: value, ...options }),
  Null: of('null'),
  Number: of('number'),
  Object: (properties: TProperties, options: Options = {}) => {
    const required = Object.keys(properties).filter((name) => !(OPTIONAL in (properties[name] ?? {})))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional: (schema: object) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true }),
  Record: (_key: unknown, value: unknown, options: Options = {}) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: of('string'),
  Unsafe: (schema: object) => ({ ...schema }),
}

/**
 * typebox's builders with typebox's own types, making the same schemas. The package itself is nearly 700 modules, of which
 * an API that validates with Ajv needs these few functions; loading all of it was a third of the work of every start.
 */
const Type = builders as unknown as Pick<typeof TypeBox, keyof typeof builders>
export default Type
