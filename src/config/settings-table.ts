import { derivedDefaults } from './defaults.js'
import { type SettingName, settingNames, settingOf } from './settings.js'

/** The table of docs/settings.md, in Markdown. */
export function settingsTable(): string {
  const rows = settingNames.map((name) => `| \`${name}\` | ${defaultOf(name)} | ${describe(name)} |`)
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n')
}

function defaultOf(name: SettingName): string {
  if (name in derivedDefaults) return derivedDefaults[name as keyof typeof derivedDefaults].text
  const { default: value, requiredInProduction } = settingOf(name)
  if (value === undefined) return requiredInProduction ? 'none; production requires it' : 'none'
  return Array.isArray(value) ? 'none' : `\`${value}\``
}

function describe(name: SettingName): string {
  const setting = settingOf(name)
  const choices =
    'choices' in setting ? ` One of ${setting.choices.map((choice) => `\`${choice}\``).join(', ')}.` : ''
  const range = 'integer' in setting ? ` ${setting.integer[0]} to ${setting.integer[1]}.` : ''
  const where = setting.environmentOnly ? ' Only in the environment.' : ''
  return `${setting.description}${choices}${range}${where}`
}
