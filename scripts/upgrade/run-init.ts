/** Turns the checkout of a release in the current folder into the product, with that release's own init. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = process.cwd()
const { applyInit } = await import(pathToFileURL(join(folder, 'scripts/init/apply.ts')).href)
await applyInit(folder, JSON.parse(process.argv[2] ?? '{}'))
