/** The example resource is what `npm run new` makes, byte for byte. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Checkout } from '../../scripts/new/checkout.js'
import { parseResource } from '../../scripts/new/commands.js'
import { namesOf } from '../../scripts/new/names.js'
import { parseFields } from '../../scripts/new/parse-fields.js'
import { type Plan, planResource } from '../../scripts/new/plan.js'
import { planFields } from '../../scripts/new/plan-fields.js'
import { PACKAGE_ROOT } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

const EXAMPLE = {
  files: [
    'src/routes/projects',
    'src/db/queries/projects.ts',
    'src/db/schema/projects.ts',
    'drizzle/0014_projects.sql',
  ],
  /** Each has lines with its name. */
  edited: ['src/routes/index.ts', 'src/lib/auth/permissions.ts'],
}

const skip = existsSync(join(PACKAGE_ROOT, 'starter.json')) && 'a product may have changed the example'

const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8')

/** A checkout without the example. */
function withoutProjects(t: Test): string {
  const root = mkdtempSync(join(tmpdir(), 'new-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  for (const part of ['src', 'drizzle'])
    cpSync(join(PACKAGE_ROOT, part), join(root, part), { recursive: true })
  for (const path of EXAMPLE.files) rmSync(join(root, path), { recursive: true })
  for (const path of EXAMPLE.edited)
    writeFileSync(join(root, path), read(root, path).replace(/^.*project.*\n/gim, ''))
  return root
}

function write(root: string, plan: Plan): void {
  for (const [path, code] of plan) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), code)
  }
}

const FIRST = 'name:line'
const OTHERS = 'description:text(2000)?, status:enum(active,archived)=active'

t.test('a resource made at once, or field by field, is the example', { skip }, async (t) => {
  const root = withoutProjects(t)
  const plan = await planResource(
    new Checkout(root),
    parseResource(['projects', '--fields', `${FIRST}, ${OTHERS}`]),
  )
  t.equal(plan.size, 7, 'five new files, and one line in each of two tables of contents')
  for (const [path, code] of plan) t.equal(code, read(PACKAGE_ROOT, path), path)

  write(root, await planResource(new Checkout(root), parseResource(['projects', '--fields', FIRST])))
  write(root, await planFields(new Checkout(root), namesOf('projects'), parseFields(OTHERS)))
  for (const path of plan.keys())
    t.equal(read(root, path), read(PACKAGE_ROOT, path), `${path}, field by field`)
})

t.test('a field of any type goes to the same places later as at once', { skip }, async (t) => {
  const root = withoutProjects(t)
  const first = 'count:integer'
  const others =
    'done:boolean=false, level:enum(low,high)?, title:line?, size:integer=0, body:text=Empty, day:date?, big:bigint=1, ' +
    'price:numeric?, external:uuid?, dueAt:timestamp?'
  for (const owner of ['organization', 'user']) {
    const make = (fields: string) =>
      planResource(new Checkout(root), parseResource(['things', '--owner', owner, '--fields', fields]))
    const atOnce = await make(`${first}, ${others}`)
    write(root, await make(first))
    write(root, await planFields(new Checkout(root), namesOf('things'), parseFields(others)))
    for (const [path, code] of atOnce)
      if (path.includes('things')) t.equal(read(root, path), code, `${owner} ${path}`)
    for (const path of atOnce.keys()) if (path.includes('things')) rmSync(join(root, path))
    rmSync(join(root, 'src/routes/things'), { recursive: true })
    for (const path of EXAMPLE.edited)
      writeFileSync(join(root, path), read(root, path).replace(/^.*thing.*\n/gim, ''))
  }
})

t.test('refuses a resource whose table or permissions are left from an earlier one', { skip }, async (t) => {
  const root = withoutProjects(t)
  const leave = (path: string) => cpSync(join(PACKAGE_ROOT, path), join(root, path))
  const plan = () => planResource(new Checkout(root), parseResource(['projects', '--fields', FIRST]))
  const refuses = (message: RegExp) => t.rejects(plan(), { message })
  const permissions = read(root, 'src/lib/auth/permissions.ts')
  leave('src/lib/auth/permissions.ts')
  await refuses(/there are permissions for projects/)
  leave('drizzle/0014_projects.sql')
  await refuses(/0014_projects\.sql has created the table projects/)
  writeFileSync(join(root, 'drizzle/9999_drop_projects.sql'), 'DROP TABLE "projects" CASCADE;')
  writeFileSync(join(root, 'src/lib/auth/permissions.ts'), permissions)
  await t.resolves(plan(), 'a table that was dropped is free')
})

t.test('refuses fields that cannot be added to a resource', { skip }, async (t) => {
  const REFUSED: [plural: string, field: string, reason: RegExp][] = [
    ['notes', 'text:text?', /is no resource that npm run new has made/],
    ['invitations', 'text:text?', /is no resource that npm run new has made/],
    ['projects', 'name:line?', /has the field name already/],
    ['projects', 'text:text', /needs a default or a \?/],
    ['projects', 'fields:text?', /fields is not free/],
  ]
  const checkout = new Checkout(PACKAGE_ROOT)
  for (const [plural, field, message] of REFUSED)
    await t.rejects(
      planFields(checkout, namesOf(plural), parseFields(field)),
      { name: 'Refusal', message },
      field,
    )
})
