import { inspect } from 'node:util'
import { type Format, type FormatName, formats } from './formats.js'
import { type Setting, type SettingName, settingOf } from './settings.js'

const SHOWN_CHARACTERS = 100

export function isValid(setting: Setting, value: unknown): boolean {
  if ('choices' in setting) return setting.choices.some((choice) => choice === value)
  if ('listOf' in setting)
    return Array.isArray(value) && value.every((item) => hasFormat(setting.listOf, item))
  if ('format' in setting) return hasFormat(setting.format, value)
  const [minimum, maximum] = setting.integer
  return typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
}

/** Explains in one line why a value is not valid. Never shows the value of a secret. */
export function explain(name: SettingName, value: unknown): string {
  const setting = settingOf(name)
  if (setting.secret) return `${name} must be ${expected(setting)}${reasonOf(setting, value)}.`
  return `${name} must be ${expected(setting)}, not ${show(value)}.`
}

/** Formats a value on one line of limited length, without the credentials of a URL in the wrong setting. */
function show(value: unknown): string {
  const text = inspect(value, { compact: true, breakLength: Infinity }).replace(/\/\/.*@/g, '//…@')
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

/** The reason that the format gives, which never shows the value. */
function reasonOf(setting: Setting, value: unknown): string {
  const format: Format | undefined = 'format' in setting ? formats[setting.format] : undefined
  const reason = typeof value === 'string' ? format?.reason?.(value) : undefined
  return reason === undefined ? '' : `: ${reason}`
}

const hasFormat = (format: FormatName, value: unknown): boolean =>
  typeof value === 'string' && formats[format].accepts(value)

function expected(setting: Setting): string {
  if ('choices' in setting) return `one of ${setting.choices.join(', ')}`
  if ('listOf' in setting) return formats[setting.listOf].expected
  if ('format' in setting) return formats[setting.format].expected
  const [minimum, maximum] = setting.integer
  return `a whole number from ${minimum} to ${maximum}`
}
