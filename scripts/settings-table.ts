import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from '../src/config/settings-table.js'

const README = new URL('../README.md', import.meta.url)
const [START, END] = ['<!-- settings:start -->', '<!-- settings:end -->']

const readme = readFileSync(README, 'utf8')
const [start, end] = [readme.indexOf(START), readme.indexOf(END)]
if (start === -1 || end < start) {
  console.error(`README.md needs the lines ${START} and ${END}, in this order: the table goes between them.`)
  process.exitCode = 1
} else {
  writeFileSync(README, `${readme.slice(0, start + START.length)}\n${settingsTable()}\n${readme.slice(end)}`)
}
