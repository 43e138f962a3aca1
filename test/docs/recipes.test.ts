import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../helpers/process.js'
import t from '../tap.js'
import { copyToFollow, read, stepsOf } from './follow.js'

// Each copy costs the types once and an npm script or two, so that all recipes share one.
t.setTimeout(400_000)

/** It has a test of its own, because its code does not compile halfway. */
const ELSEWHERE = ['add-a-field.md']

const recipes = readdirSync(join(PACKAGE_ROOT, 'docs/recipes')).filter((name) => !ELSEWHERE.includes(name))

t.test('the recipes work, all of them in one copy', async (t) => {
  const { write, applies, runsScript, passes } = await copyToFollow(t)
  const tests: string[] = []
  for (const recipe of recipes) {
    const { changes, files, scripts } = stepsOf(read(`docs/recipes/${recipe}`))
    const own = files.map(({ path }) => path).filter((path) => path.startsWith('test/'))
    t.equal(own.length, 1, `${recipe} has a test`)
    for (const change of changes) applies(change)
    for (const { path, code } of files) write(path, code)
    for (const script of scripts) await runsScript(script)
    tests.push(...own.map((path) => path.replace(/^test\/|\.test\.ts$/g, '')))
  }
  await passes(...tests, 'architecture', 'emails', 'openapi', 'matrix/matrix', 'config/documents')
})
