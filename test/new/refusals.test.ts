import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Checkout } from '../../scripts/new/checkout.js'
import { parseResource } from '../../scripts/new/commands.js'
import { namesOf } from '../../scripts/new/names.js'
import { planResource } from '../../scripts/new/plan.js'
import { PACKAGE_ROOT } from '../helpers/process.js'
import t from '../tap.js'

const checkout = new Checkout(PACKAGE_ROOT)

/** The line with which the command refuses; undefined when it does not. */
async function refusalOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work()
  } catch (error) {
    if ((error as Error).name === 'Refusal') return (error as Error).message
    throw error
  }
  return undefined
}

const makes = (...args: string[]) => planResource(checkout, parseResource(args))

t.test('refuses each name that a resource cannot have, in one line', async (t) => {
  const REFUSED: [name: string, reason: RegExp][] = [
    ['note', /must be a plural/],
    ['news', /must be a plural/],
    ['Notes', /camelCase/],
    ['notes2', /camelCase/],
    ['no-tes', /camelCase/],
    ['../notes', /camelCase/],
    ['', /camelCase/],
    ['a'.repeat(40), /plural/],
    [`${'a'.repeat(40)}s`, /too long/],
    ['references', /reserved word of SQL/],
    ['classes', /class is a reserved word of TypeScript/],
    ['dates', /Date is a reserved word of TypeScript/],
    ['requests', /its code has another request/],
    ['scopes', /its code has another scope/],
    ['pages', /pages\/index\.ts exists/],
    ['invitations', /invitations\.ts exists/],
    ['users', /exists/],
    ['members', /members\.test\.ts exists/],
    ['columns', /columns\.ts exists/],
    ['problems', /has the schema Problem/],
  ]
  for (const [name, reason] of REFUSED) {
    const refusal = await refusalOf(() => makes(name, '--fields', 'text:text'))
    t.match(refusal, reason, name)
    t.notMatch(refusal, /\n/)
  }
  t.match(
    await refusalOf(() => makes('notes', '--fields', 'text:text', '--owner', 'team')),
    /--owner must be/,
  )
  const open = ['notes', '--fields', 'text:text', '--owner', 'user', '--public-read']
  t.match(await refusalOf(() => makes(...open)), /is not public/)
})

t.test('refuses each field that is not possible, in one line', async (t) => {
  const REFUSED: [fields: string, reason: RegExp][] = [
    ['', /at least one field/],
    ['text', /write name:type/],
    ['text:', /unknown type ""/],
    ['text:string', /unknown type "string": the types are line\(100\)/],
    ['text:constructor', /unknown type/],
    ['Text:text', /camelCase/],
    ['due_at:timestamp', /camelCase/],
    [`${'a'.repeat(33)}:text`, /too long/],
    ['text:text, text:line', /text is there twice/],
    ['dueAt:date, dueAt:timestamp', /twice/],
    ['id:uuid', /id is not free/],
    ['createdAt:timestamp', /createdAt is not free/],
    ['sort:line', /parameter of every list/],
    ['apiKey:line', /looks like a secret/],
    ['password:line', /looks like a secret/],
    ['order:integer', /reserved word of SQL/],
    ['class:line', /reserved word of TypeScript/],
    ['constructor:line', /reserved word of TypeScript/],
    ['fields:line', /fields is not free/],
    ['creating:boolean', /creating is not free/],
    ['text:text?=x', /cannot be optional and have a default/],
    ['text:text(0)', /length must be/],
    ['text:text(x)', /length must be/],
    ['text:text(99999)', /length must be/],
    ['text:line(3)=long', /default must have 1 to 3/],
    ['text:line=', /default must have/],
    ['done:boolean=yes', /true or false/],
    ['done:boolean(1)', /nothing in parentheses/],
    ['count:integer=1.5', /whole number/],
    ['count:integer=2147483648', /whole number/],
    ['price:numeric(2,2)', /digits/],
    ['price:numeric(4,2)=123', /decimal number/],
    ['at:timestamp=now', /has no default/],
    ['status:enum', /two or more labels/],
    ['status:enum(Low,high)', /two or more labels/],
    ['status:enum(low,low)', /twice/],
    ['status:enum(low,high)=middle', /default must be one of low, high/],
  ]
  for (const [fields, reason] of REFUSED) {
    const refusal = await refusalOf(() => makes('notes', '--fields', fields))
    t.match(refusal, reason, fields)
    t.notMatch(refusal, /\n/)
  }
})

t.test('writes nothing before everything is computed', async (t) => {
  const files = () =>
    (readdirSync(join(PACKAGE_ROOT, 'src'), { recursive: true }) as string[]).map(
      (name) => [name, statSync(join(PACKAGE_ROOT, 'src', name)).mtimeMs] as const,
    )
  const before = files()
  await makes('notes', '--fields', 'text:text')
  t.strictSame(files(), before)
})

t.test('takes a name that its files use elsewhere', async (t) => {
  for (const name of ['tags', 'tables', 'events', 'files', 'orders', 'groups'])
    t.equal(await refusalOf(() => makes(name, '--fields', 'name:line')), undefined, name)
})

t.test('knows the singular of usual plurals', async (t) => {
  const PLURALS = {
    notes: 'note',
    invoiceLines: 'invoiceLine',
    addresses: 'address',
    companies: 'company',
    statuses: 'status',
    caches: 'cache',
    matches: 'match',
    houses: 'house',
    people: 'person',
    movies: 'movie',
  }
  for (const [plural, singular] of Object.entries(PLURALS)) t.equal(namesOf(plural).singular, singular)
  t.match(namesOf('menus', 'menu'), { singular: 'menu', Singular: 'Menu', one: 'a menu' })
  t.match(namesOf('invoiceLines'), { kebab: 'invoice-lines', snake: 'invoice_lines', one: 'an invoice line' })
})
