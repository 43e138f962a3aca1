import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import leven from 'leven'
import type { Document } from 'yaml'
import { fromPackageRoot } from './paths.js'
import { isSettingName, type SettingName, settingNames, settingOf, settings } from './settings.js'

type ConfigFile = { values: Partial<Record<SettingName, unknown>>; mistakes: string[] }

/** @param named what CONFIG_FILE says, when it says something. Only the default may be absent. */
export function readConfigFile(named: string | undefined): ConfigFile {
  if (named === 'off') return { values: {}, mistakes: [] }
  const name = named ?? settings.CONFIG_FILE.default
  const path = fromPackageRoot(name)
  if (named === undefined && !existsSync(path)) return { values: {}, mistakes: [] }
  try {
    return parse(readFileSync(path, 'utf8'), name)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const why = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`
    return { values: {}, mistakes: [`CONFIG_FILE names ${path}, which ${why}.`] }
  }
}

/** Most starts on a laptop and in a container have no file: they need not load what reads one. */
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
    return { values: {}, mistakes: [`${name}: an alias (*) in it leads nowhere: write the value itself.`] }
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

/** Undefined when an alias is not defined, or a few of them would unfold to millions of values. */
function toPlainData(document: Document): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return undefined
  }
}

function explainUnknown(key: string, name: string): string {
  if (isSettingName(key)) return `${key} in ${name} has no effect there: set it in the environment.`
  const wanted = key.toUpperCase().replaceAll('-', '_')
  const [nearest] = settingNames
    .map((candidate) => ({ candidate, distance: leven(wanted, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(3, Math.ceil(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  // Where the colon after a name is forgotten, the rest of the line is part of the key: it may hold a password.
  const shown = key.replace(/[^\w.-].*/s, '…')
  return `${shown} in ${name} is no setting.${nearest ? ` Did you mean ${nearest.candidate}?` : ''}`
}
