import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import leven from 'leven'
import type { Document } from 'yaml'
import { errorCode } from '../lib/errors/system-error-code.js'
import { fromPackageRoot } from './paths.js'
import { isSettingName, type SettingName, settingNames, settingOf, settings } from './settings.js'

type ConfigFile = { values: Partial<Record<SettingName, unknown>>; mistakes: string[] }

/** @param configured the value of CONFIG_FILE, if it is set. Only the default file may be absent. */
export function readConfigFile(configured: string | undefined): ConfigFile {
  if (configured === 'off') return { values: {}, mistakes: [] }
  const name = configured ?? settings.CONFIG_FILE.default
  const path = fromPackageRoot(name)
  if (configured === undefined && !existsSync(path)) return { values: {}, mistakes: [] }
  try {
    return parse(readFileSync(path, 'utf8'), name)
  } catch (error) {
    const code = errorCode(error) ?? 'unknown'
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    return { values: {}, mistakes: [`CONFIG_FILE names ${path}, which ${problem}.`] }
  }
}

/** Loaded only when there is a file, which most starts on a laptop and in a container do not have. */
const loadYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml')

function parse(text: string, name: string): ConfigFile {
  const { LineCounter, parseDocument } = loadYaml()
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' })
  const mistakes = document.errors.map(({ code, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0])
    // The parser's own message quotes the line, which may hold a password.
    return `${name}, line ${line}, column ${col}: this is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')}).`
  })
  const content = mistakes.length > 0 ? {} : toPlainData(document)
  if (content === undefined) {
    return { values: {}, mistakes: [`${name}: an alias (*) in it is not valid: write the value itself.`] }
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return {
      values: {},
      mistakes: [`${name} must be a list of settings, each on a line such as PORT: 3000.`],
    }
  }
  const unknown = Object.keys(content).filter((key) => !isSettingName(key) || settingOf(key).environmentOnly)
  return { values: content, mistakes: [...mistakes, ...unknown.map((key) => explainUnknown(key, name))] }
}

/** Returns undefined when an alias is not defined, or the aliases would expand to too many values. */
function toPlainData(document: Document): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return undefined
  }
}

function explainUnknown(key: string, name: string): string {
  if (isSettingName(key)) return `${key} in ${name} has no effect there: set it in the environment.`
  const normalized = key.toUpperCase().replaceAll('-', '_')
  const [nearest] = settingNames
    .map((candidate) => ({ candidate, distance: leven(normalized, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(3, Math.ceil(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  // Without the colon after a name, the rest of the line is part of the key, and may hold a password.
  const shown = key.replace(/[^\w.-].*/s, '…')
  return `${shown} in ${name} is not a setting.${nearest ? ` Did you mean ${nearest.candidate}?` : ''}`
}
