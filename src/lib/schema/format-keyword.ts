import { FORMATS, type Format } from './formats.js'

type Place = { parentData?: Record<string | number, unknown>; parentDataProperty: string | number }
type Validate = { (text: string, place?: Place): boolean; errors?: object[] }

type Compiling = { self: { formats: Record<string, unknown> } }

/** Of `formats.ts`, else of Ajv. Throws for a format that neither has, when the schema is compiled. */
function formatOf(name: string, formats: Record<string, unknown>): Format {
  if (FORMATS[name]) return FORMATS[name]
  const ofAjv = formats[name]
  const check = (ofAjv as { validate?: unknown } | undefined)?.validate ?? ofAjv
  if (check instanceof RegExp) return { isValid: (text) => check.test(text) }
  if (typeof check === 'function') return { isValid: (text) => check(text) }
  if (check === true) return { isValid: () => true }
  throw new Error(`There is no format ${name} for texts`)
}

function compile(format: string, _schema: unknown, { self }: Compiling): Validate {
  const { isValid, normalize, expected } = formatOf(format, self.formats)
  const message = expected === undefined ? `must match format "${format}"` : `must be ${expected}`
  const validate: Validate = (text, place) => {
    if (!isValid(text)) {
      validate.errors = [{ keyword: 'format', params: { format }, message }]
      return false
    }
    // A value that is checked by itself stands nowhere.
    if (normalize && place?.parentData) place.parentData[place.parentDataProperty] = normalize(text)
    return true
  }
  return validate
}

/** In place of Ajv's `format`: what it accepts it also normalises, where it stands. */
export const formatKeyword = { keyword: 'format', type: 'string', modifying: true, compile } as const
