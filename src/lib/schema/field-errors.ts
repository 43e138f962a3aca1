type Params = Record<string, unknown>

export type ValidationFailure = {
  instancePath: string
  keyword: string
  params: Params
  message?: string
}

type FieldError = { path: string; message: string }

/** What is wrong with each field: its path, and one sentence without its subject, such as "must not be empty". */
export function fieldErrorsOf(failures: ValidationFailure[], max: number): FieldError[] {
  const messages = new Map<string, string>()
  for (const failure of failures) {
    if (messages.size === max) break
    const path = pathOf(failure)
    if (!messages.has(path)) messages.set(path, messageOf(failure))
  }
  return [...messages].map(([path, message]) => ({ path, message }))
}

/** The path of the field, such as `address.lines.0`. Includes the name of a missing or unknown field. */
function pathOf({ instancePath, params }: ValidationFailure): string {
  const parent = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const field = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  return (typeof field === 'string' ? [...parent, field] : parent).join('.').slice(0, 200)
}

const counted = (count: unknown, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`

const TYPES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
}

const typeNames = (types: unknown): string =>
  [types]
    .flat()
    .map((type) => TYPES[String(type)] ?? String(type))
    .join(' or ')

/** By keyword. Other keywords keep the message that they come with. */
const MESSAGES: Record<string, (params: Params) => string> = {
  required: () => 'is required',
  additionalProperties: () => 'is not a known field',
  type: ({ type }) => `must be ${typeNames(type)}`,
  enum: ({ allowedValues }) => `must be one of: ${(allowedValues as unknown[]).map(String).join(', ')}`,
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${counted(limit, 'character', 'characters')}`,
  minItems: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} elements`),
  maxItems: ({ limit }) => `must have at most ${counted(limit, 'element', 'elements')}`,
  uniqueItems: () => 'must not have the same element twice',
  minProperties: ({ limit }) => `must have at least ${counted(limit, 'field', 'fields')}`,
  maxProperties: ({ limit }) => `must have at most ${counted(limit, 'field', 'fields')}`,
  minimum: ({ limit }) => `must be at least ${limit}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  exclusiveMinimum: ({ limit }) => `must be greater than ${limit}`,
  exclusiveMaximum: ({ limit }) => `must be less than ${limit}`,
  multipleOf: ({ multipleOf }) => `must be a multiple of ${multipleOf}`,
}

const messageOf = ({ keyword, params, message = 'is not valid' }: ValidationFailure): string =>
  MESSAGES[keyword]?.(params) ?? message
