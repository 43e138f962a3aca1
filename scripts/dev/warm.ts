/**
 * Loads the packages and the lower floors of a program in advance, which is most of its start, and the rest
 * when the parent process says so: `warm.ts src/server.ts --migrate` becomes `src/server.ts --migrate`.
 */
import { once } from 'node:events'
import { loadedBy } from '../imports.js'
import { isOfUpperFloors } from './loaded-files.js'

const end = () => process.exit()
process.on('disconnect', end)
process.argv.splice(1, 1)
const [, entry = ''] = process.argv
const { files, packages } = loadedBy(entry)
const sources = [...files].filter((file) => !isOfUpperFloors(file)).map((file) => `../../${file}`)
// The program itself reports what fails.
for (const name of [...packages, ...sources]) await import(name).catch(() => undefined)
await once(process, 'message')
process.off('disconnect', end)
await import(`../../${entry}`)
