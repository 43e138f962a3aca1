/**
 * Loads the packages of a program in advance, which is most of its start, and the program itself when the
 * parent process says so: `warm.ts src/server.ts --migrate` becomes `src/server.ts --migrate`.
 */
import { once } from 'node:events'
import { loadedBy } from '../imports.js'

const end = () => process.exit()
process.on('disconnect', end)
process.argv.splice(1, 1)
const [, entry = ''] = process.argv
// The program reports what fails.
for (const name of loadedBy(entry).packages) await import(name).catch(() => undefined)
await once(process, 'message')
process.off('disconnect', end)
await import(`../../${entry}`)
