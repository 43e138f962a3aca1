import { FORMATS, type Format } from './formats.js'

/** Where Ajv found the value. */
type Location = { parentData?: Record<string | number, unknown>; parentDataProperty: string | number }
type Validate = { (text: string, location?: Location): boolean; errors?: object[] }

type Compiling = { self: { formats: Record<string, unknown> } }

/**
 * The format of `formats.ts`, or else of Ajv.
 * @throws {Error} when neither has it; this happens when the schema is compiled
 */
function formatOf(
  name: string,
  ajvFormats: Record<string, unknown>,
): Omit<Format, 'expected'> & Partial<Format> {
  if (FORMATS[name]) return FORMATS[name]
  const ajvFormat = ajvFormats[name]
  const check = (ajvFormat as { validate?: unknown } | undefined)?.validate ?? ajvFormat
  if (check instanceof RegExp) return { isValid: (text) => check.test(text) }
  if (typeof check === 'function') return { isValid: (text) => check(text) }
  if (check === true) return { isValid: () => true }
  throw new Error(`Unknown string format ${name}`)
}

function compile(format: string, _schema: unknown, { self }: Compiling): Validate {
  const { isValid, normalize, expected } = formatOf(format, self.formats)
  const message = expected === undefined ? `must be a valid ${format}` : `must be ${expected}`
  const validate: Validate = (text, location) => {
    if (!isValid(text)) {
      validate.errors = [{ keyword: 'format', params: { format }, message }]
      return false
    }
    // A value that is validated on its own has no parent to write to.
    if (normalize && location?.parentData) {
      location.parentData[location.parentDataProperty] = normalize(text)
    }
    return true
  }
  return validate
}

/** Replaces Ajv's `format`: it also normalizes the values it accepts, in place. */
export const formatKeyword = { keyword: 'format', type: 'string', modifying: true, compile } as const
