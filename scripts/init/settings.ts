import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeOutCode } from './code.js'

/** Takes settings out of their schema, the defaults that depend on others, the sample and the documents. */
export function takeOutSettings(folder: string, names: readonly string[]): void {
  if (names.length === 0) return
  const properties = names.map((name) => `${name}:`)
  const defaults = readFileSync(join(folder, 'src/config/defaults.ts'), 'utf8')
  const derived = names.filter((name) => defaults.includes(`'${name}'`))
  takeOutCode(folder, new Set(), {
    'src/config/settings.ts': properties,
    ...(derived.length > 0 && {
      'src/config/defaults.ts': derived.flatMap((name) => [`${name}:`, `'${name}'`]),
    }),
  })
  const isOf = (text: string) => names.some((name) => new RegExp(`^(# )?${name}:`, 'm').test(text))
  edit(join(folder, 'config/config.sample.yml'), (text) =>
    text
      .split('\n\n')
      .filter((block) => !isOf(block))
      .join('\n\n'),
  )
  const isRow = (line: string) => names.some((name) => line.startsWith(`| \`${name}\``))
  edit(join(folder, 'docs/settings.md'), (text) =>
    text
      .split('\n')
      .filter((line) => !isRow(line))
      .join('\n'),
  )
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}
