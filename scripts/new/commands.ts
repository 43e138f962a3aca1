import { parseArgs } from 'node:util'
import { UsageError, withUsageErrors } from '../../src/scripts/command-line/arguments.js'
import { Checkout } from './checkout.js'
import { generateDocuments, generateMigration, refuseUnlessMigrated } from './generate.js'
import { namesOf } from './names.js'
import { parseFields } from './parse-fields.js'
import { planResource } from './plan.js'
import { planFields } from './plan-fields.js'
import { Refusal } from './refusal.js'
import type { Resource } from './resource.js'
import { write } from './write.js'

/** By name, the first argument of `tsx scripts/new.ts`. */
export const commands = new Map([
  ['resource', resourceCommand],
  ['field', fieldCommand],
])

const ROOT = process.cwd()

async function resourceCommand(args: string[]): Promise<void> {
  const resource = parseResource(args)
  const plan = await planResource(new Checkout(ROOT), resource)
  await refuseUnlessMigrated()
  const paths = await write(ROOT, plan, async () => {
    await generateMigration(`add_${resource.names.snake}`)
    if (resource.owner === 'organization') await generateDocuments()
  })
  report(paths)
}

async function fieldCommand(args: string[]): Promise<void> {
  const { values, positionals } = withUsageErrors(() =>
    parseArgs({ args, allowPositionals: true, options: { singular: { type: 'string' } } }),
  )
  const [plural, list, ...others] = positionals
  if (plural === undefined || list === undefined || others.length > 0)
    throw new UsageError('name a resource and a field, such as notes "priority:enum(low,high)=low"')
  const names = namesOf(plural, values.singular)
  const fields = parseFields(list)
  const plan = await planFields(new Checkout(ROOT), names, fields)
  await refuseUnlessMigrated()
  const columns = fields.map(({ snake }) => snake).join('_')
  report(await write(ROOT, plan, () => generateMigration(`add_${names.snake}_${columns}`)))
}

/**
 * @throws {UsageError} when the arguments do not have the right form
 * @throws {Refusal} when the resource is not possible
 */
export function parseResource(args: string[]): Resource {
  const { values, positionals } = withUsageErrors(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        fields: { type: 'string' },
        owner: { type: 'string', default: 'organization' },
        'public-read': { type: 'boolean', default: false },
        singular: { type: 'string' },
      },
    }),
  )
  const [plural, ...others] = positionals
  if (plural === undefined || others.length > 0) throw new UsageError('name one resource, such as notes')
  const { fields, owner, singular, 'public-read': isPublicRead } = values
  if (fields === undefined) throw new UsageError('--fields is missing, for example --fields "text:text"')
  if (owner !== 'organization' && owner !== 'user')
    throw new Refusal(`--owner must be organization or user, not ${owner}`)
  if (owner === 'user' && isPublicRead)
    throw new Refusal('--public-read is not for --owner user: what users keep for themselves is not public')
  return { names: namesOf(plural, singular), owner, isPublicRead, fields: parseFields(fields) }
}

function report(paths: string[]): void {
  console.log(paths.sort().join('\n'))
  console.log('Read the migration, then apply it with npm run db:upgrade.')
}
