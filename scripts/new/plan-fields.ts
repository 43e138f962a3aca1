import { SyntaxKind } from 'ts-morph'
import type { Checkout } from './checkout.js'
import { withListField } from './edits/queries.js'
import { withSchemaField } from './edits/schemas.js'
import { parse } from './edits/source.js'
import { withColumn } from './edits/table.js'
import { withTestedField } from './edits/test.js'
import { type Field, isRequired } from './field.js'
import { type Names, splitWords } from './names.js'
import { formatAll, type Plan } from './plan.js'
import { Refusal } from './refusal.js'
import { filesOf, type Resource } from './resource.js'

/**
 * Computes the files of a resource with further fields, and writes nothing.
 * @throws {Refusal} when there is no such resource, when a field cannot be added to it, or when a file was changed
 *   so that it has no place for a field
 */
export async function planFields(checkout: Checkout, names: Names, fields: readonly Field[]): Promise<Plan> {
  const paths = filesOf(names)
  const missing = Object.values(paths).find((path) => !checkout.has(path))
  if (missing !== undefined)
    throw new Refusal(`${names.plural} is no resource that npm run new has made: there is no ${missing}`)
  const code = new Map(Object.values(paths).map((path) => [path, checkout.read(path)]))
  const edit = (path: string, change: (code: string) => string) =>
    code.set(path, change(code.get(path) ?? ''))
  const columns = columnsOf(code.get(paths.table) ?? '', names)
  const owner = columns.includes('organizationId') ? 'organization' : 'user'
  const resource: Resource = { names, owner, isPublicRead: !columns.includes('createdBy'), fields }
  for (const field of fields) {
    refuseImpossible(field, columns, names)
    const searched = searchedIn(code.get(paths.queries) ?? '')
    edit(paths.table, (text) => withColumn(text, resource, field))
    edit(paths.queries, (text) => withListField(text, resource, field))
    edit(paths.schemas, (text) => withSchemaField(text, resource, field, searched))
    edit(paths.test, (text) => withTestedField(text, resource, field))
  }
  return formatAll(code)
}

function refuseImpossible(field: Field, columns: readonly string[], { plural }: Names): void {
  const { name } = field
  if (columns.includes(name)) throw new Refusal(`${plural} has the field ${name} already`)
  if (isRequired(field))
    throw new Refusal(
      `${name} needs a default or a ?, because rows without it may exist: ${name}:…=… or ${name}:…?`,
    )
}

/** The names of the columns, or none when the file declares the table in another way. */
function columnsOf(code: string, { plural }: Names): string[] {
  const columns = parse('table.ts', code)
    .getVariableDeclaration(plural)
    ?.getFirstDescendantByKind(SyntaxKind.ObjectLiteralExpression)
  return (
    columns
      ?.getProperties()
      .flatMap((property) => property.asKind(SyntaxKind.PropertyAssignment)?.getName() ?? []) ?? []
  )
}

/** The fields that the list searches in. */
function searchedIn(code: string): { snake: string }[] {
  const contains = parse('queries.ts', code)
    .getDescendantsOfKind(SyntaxKind.CallExpression)
    .find((call) => call.getExpression().getText() === 'contains')
  const columns = contains?.getArguments()[0]?.asKind(SyntaxKind.ArrayLiteralExpression)?.getElements() ?? []
  return columns.map((column) => {
    const name = column.getText().split('.').at(-1) ?? ''
    return { snake: splitWords(name).join('_') }
  })
}
