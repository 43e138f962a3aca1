import { isSecretName } from '../../src/lib/audit/redact.js'
import type { Field, Kind } from './field.js'
import { KINDS } from './kinds/index.js'
import { splitWords } from './names.js'
import { Refusal } from './refusal.js'
import { isReservedInSql, isReservedInTypeScript } from './reserved-words.js'

const FIELD = /^(?<name>[^:]*):(?<kind>[^(?=]*)(?:\((?<args>[^)]*)\))?(?<optional>\?)?(?:=(?<initial>.*))?$/

/** Every resource has or may have them. */
const OF_EVERY_RESOURCE = ['id', 'organizationId', 'userId', 'createdBy', 'createdAt', 'updatedAt']
/** Every list has these parameters. */
const OF_EVERY_LIST = ['limit', 'cursor', 'sort', 'q']

/** The longest name of a column whose enum and table still have names that PostgreSQL keeps whole. */
const MAX_LENGTH = 32

/**
 * Parses a list such as `text:text, done:boolean=false, dueAt:timestamp?`.
 * @throws {Refusal} for the first field that is not valid
 */
export function parseFields(list: string): Field[] {
  const parts = splitAtCommas(list).map((part) => part.trim())
  if (parts.length === 1 && parts[0] === '')
    throw new Refusal('a resource needs at least one field, such as --fields "text:text"')
  const fields = parts.map(parseField)
  const twice = fields.find(({ snake }, i) => fields.findIndex((other) => other.snake === snake) !== i)
  if (twice) throw new Refusal(`${twice.name} is there twice`)
  return fields
}

/** Not at those in parentheses. */
const splitAtCommas = (list: string): string[] => list.split(/,(?![^()]*\))/)

function parseField(text: string): Field {
  const { name, kind = '', args, optional, initial } = FIELD.exec(text)?.groups ?? {}
  if (name === undefined) throw new Refusal(`"${text}" is no field: write name:type, such as text:text`)
  const snake = checkName(name.trim())
  const field = {
    name: name.trim(),
    snake,
    kind: kindOf(kind.trim(), name),
    args: args === undefined ? [] : args.split(',').map((arg) => arg.trim()),
    isNullable: optional !== undefined,
    initial: initial?.trim(),
  }
  if (field.isNullable && field.initial !== undefined)
    throw new Refusal(`${name} cannot be optional and have a default: leave out ? or =${field.initial}`)
  field.kind.check(field)
  return field
}

function kindOf(name: string, field: string): Kind {
  const kind = KINDS.get(name)
  if (kind) return kind
  const usages = [...KINDS.values()].map(({ usage }) => usage)
  throw new Refusal(`${field} has the unknown type "${name}": the types are ${usages.join(', ')}`)
}

/** Returns the name of the column. */
function checkName(name: string): string {
  if (!/^[a-z]+[0-9]*([A-Z][a-z0-9]*)*$/.test(name))
    throw new Refusal(`"${name}" is no name of a field: write it in camelCase, such as dueAt`)
  const snake = splitWords(name).join('_')
  if (snake.length > MAX_LENGTH)
    throw new Refusal(`${name} is too long: as ${snake} it must have at most ${MAX_LENGTH} characters`)
  if (OF_EVERY_RESOURCE.includes(name)) throw new Refusal(`${name} is not free: resources have it anyway`)
  if (OF_EVERY_LIST.includes(name)) throw new Refusal(`${name} is not free: it is a parameter of every list`)
  if (isSecretName(name))
    throw new Refusal(`${name} looks like a secret, which no response may have: store its hash by hand`)
  if (isReservedInSql(snake)) throw new Refusal(`${name} is a reserved word of SQL`)
  if (isReservedInTypeScript(name)) throw new Refusal(`${name} is a reserved word of TypeScript`)
  return snake
}
