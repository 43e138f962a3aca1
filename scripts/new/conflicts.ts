import { Node, SyntaxKind } from 'ts-morph'
import type { Checkout } from './checkout.js'
import { parse } from './edits/source.js'
import { enumOf } from './field.js'
import { declarationsIn, exportsOf } from './identifiers.js'
import { namesOf } from './names.js'
import { Refusal } from './refusal.js'
import { isReservedInSql, isReservedInTypeScript } from './reserved-words.js'
import { filesOf, type Resource } from './resource.js'
import { resourceFiles } from './templates/index.js'

/**
 * Compares the names of a resource with everything that has a name already.
 * @throws {Refusal} for the first name that is taken
 */
export function refuseTakenNames(checkout: Checkout, resource: Resource): void {
  const { names } = resource
  refuseExistingFiles(checkout, resource)
  refuseExistingTables(checkout, resource)
  for (const { path, text } of checkout.filesBelow('src', '.ts')) {
    if (!text.includes('$id:') || !schemaIdsIn(path, text).includes(names.Singular)) continue
    throw new Refusal(`${names.plural} is not free: ${path} has the schema ${names.Singular}`)
  }
  const permissions = checkout.read('src/lib/auth/permissions.ts')
  if (permissions.includes(`'${names.snake}.`))
    throw new Refusal(`${names.plural} is not free: there are permissions for ${names.snake}`)
  refuseReserved(resource)
}

function refuseReserved(resource: Resource): void {
  const { plural, singular, Singular, snake } = resource.names
  if (isReservedInSql(snake)) throw new Refusal(`${plural} is a reserved word of SQL`)
  const word = [plural, singular, Singular].find(isReservedInTypeScript)
  if (word !== undefined)
    throw new Refusal(`${plural} is not possible: ${word} is a reserved word of TypeScript`)
  const clash = findClash(resource)
  if (clash !== undefined)
    throw new Refusal(`${plural} is not possible: its code has another ${clash}. Choose another name`)
}

/** A name of the resource that its files also declare for something else, as they do for any resource. */
function findClash(resource: Resource): string | undefined {
  const { plural, singular, Singular } = resource.names
  const ofAny = [...resourceFiles({ ...resource, names: namesOf('unnamedThings') }).values()]
  return [...resourceFiles(resource)]
    .map(([path, code], i) => {
      const [own, others] = [declarationsIn(path, code), declarationsIn(path, ofAny[i] ?? '')]
      const countOf = (names: string[], wanted: string) => names.filter((name) => name === wanted).length
      const isTaken = (name: string) => others.includes(name) && countOf(own, name) > countOf(others, name)
      return [plural, singular, Singular].find(isTaken)
    })
    .find((name) => name !== undefined)
}

function refuseExistingFiles(checkout: Checkout, { names, owner }: Resource): void {
  const { kebab } = names
  const paths = [...Object.values(filesOf(names)), `src/routes/${kebab}`]
  if (owner === 'user') paths.push(`src/routes/me/${kebab}.ts`)
  const existing = paths.find((path) => checkout.has(path))
  if (existing !== undefined) throw new Refusal(`${names.plural} is not free: ${existing} exists`)
}

function refuseExistingTables(checkout: Checkout, resource: Resource): void {
  const { names, fields } = resource
  const { plural, Singular, snake } = names
  const enums = fields.map((field) => enumOf(field, names))
  for (const { path, text } of checkout.filesBelow('src/db/schema', '.ts')) {
    const declared = exportsOf(path, text)
    const taken = [plural, Singular, ...enums].find((name) => declared.includes(name))
    if (taken !== undefined) throw new Refusal(`${plural} is not free: ${path} declares ${taken}`)
  }
  const migration = migrationWithTable(checkout, snake)
  if (migration !== undefined)
    throw new Refusal(`${plural} is not free: ${migration} has created the table ${snake}`)
}

/**
 * Some tables are in migrations only. Returns the one that has created a table that no later one drops. This is
 * SQL, and so short that no parser is needed.
 */
function migrationWithTable(checkout: Checkout, table: string): string | undefined {
  const change = new RegExp(
    `(create|drop) table (?:if (?:not )?exists )?(?:[\\w"]+[.])?"?${table}"?[\\s(;]`,
    'gi',
  )
  const migrations = [...checkout.filesBelow('drizzle', '.sql')]
    .filter(({ path }) => !path.endsWith('.down.sql'))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
  let creator: string | undefined
  for (const { path, text } of migrations)
    for (const [, verb = ''] of text.matchAll(change))
      creator = verb.toLowerCase() === 'create' ? path : undefined
  return creator
}

/** The names under which schemas are registered. */
const schemaIdsIn = (path: string, code: string): string[] =>
  parse(path, code)
    .getDescendantsOfKind(SyntaxKind.PropertyAssignment)
    .filter((property) => property.getName() === '$id')
    .flatMap((property) => {
      const value = property.getInitializer()
      return Node.isStringLiteral(value) ? [value.getLiteralValue()] : []
    })
