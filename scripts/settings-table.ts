/** Writes the tables in the documents that are generated from the code. */
import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from '../src/config/settings-table.js'
import { permissionsTable } from './permissions-table.js'

const TABLES = [
  { file: 'docs/settings.md', name: 'settings', table: settingsTable() },
  { file: 'docs/organizations.md', name: 'permissions', table: permissionsTable() },
]

for (const { file, name, table } of TABLES) {
  const url = new URL(`../${file}`, import.meta.url)
  const [startMark, endMark] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const text = readFileSync(url, 'utf8')
  const [start, end] = [text.indexOf(startMark), text.indexOf(endMark)]
  if (start === -1 || end < start) {
    console.error(
      `${file} needs the lines ${startMark} and ${endMark}, in this order: the table goes between them.`,
    )
    process.exitCode = 1
  } else {
    writeFileSync(url, `${text.slice(0, start + startMark.length)}\n${table}\n${text.slice(end)}`)
  }
}
