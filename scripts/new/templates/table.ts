import { enumOf, type Field } from '../field.js'
import { literal } from '../kinds/code.js'
import type { Names } from '../names.js'
import { hasCreator, type Resource, searchedFields } from '../resource.js'
import { imports, lines, when } from './code.js'

const CREATOR = `/** Null after that account was deleted. */
    createdBy: uuid('created_by').references(() => users.id, { onDelete: 'set null' }),`

/** `src/db/schema/notes.ts` */
export function tableFile(resource: Resource): string {
  const { names, fields, owner } = resource
  const { plural, snake, Singular } = names
  const ownerId = `${owner}Id`
  return `${tableImports(resource)}
${fields.map((field) => enumDeclaration(field, names)).join('')}
export const ${plural} = pgTable(
  '${snake}',
  {
    id: id(),
    ${ownerId}: uuid('${owner}_id')
      .notNull()
      .references(() => ${owner}s.id, { onDelete: 'cascade' }),
    ${lines(
      ...fields.map((field) => columnProperty(field, names)),
      when(hasCreator(resource), CREATOR),
      'createdAt: createdAt(),',
    )}
    updatedAt: updatedAt(),
  },
  (table) => [
    ${lines(
      `index('${snake}_${owner}_id_idx').on(table.${ownerId}, table.createdAt, table.id),`,
      when(hasCreator(resource), `index('${snake}_created_by_idx').on(table.createdBy),`),
      when(owner === 'organization', '...tenantPolicies(table.organizationId),'),
    )}
  ],
)

${auditDeclaration(resource)}

export type ${Singular} = typeof ${plural}.$inferSelect
`
}

function tableImports(resource: Resource): string {
  const { owner, fields } = resource
  const needs = fields.map(({ kind }) => kind.columnImports)
  const pgCore = ['index', 'pgTable', 'uuid', ...needs.flatMap(({ pgCore = [] }) => pgCore)]
  const columns = ['createdAt', 'id', 'updatedAt', ...needs.flatMap(({ columns = [] }) => columns)]
  const tables = [`${owner}s`, ...(hasCreator(resource) ? ['users'] : [])]
  return [
    imports('drizzle-orm/pg-core', pgCore),
    imports('../declarations/audited.js', ['audited']),
    when(owner === 'organization', imports('../declarations/tenant-policies.js', ['tenantPolicies'])),
    imports('./columns.js', columns),
    ...tables.map((table) => imports(`./${table}.js`, [table])),
  ].join('')
}

/** The enum of a field; empty for fields of other types. */
export function enumDeclaration(field: Field, names: Names): string {
  if (!field.kind.columnImports.pgCore?.includes('pgEnum')) return ''
  const labels = field.args.map(literal).join(', ')
  return `export const ${enumOf(field, names)} = pgEnum('${names.snakeSingular}_${field.snake}', [${labels}])\n`
}

export function columnProperty(field: Field, names: Names): string {
  const { name, kind, isNullable, initial } = field
  const byDefault = initial === undefined ? '' : `.default(${kind.initial?.(field)})`
  return `${name}: ${kind.column(field, names)}${when(!isNullable, '.notNull()')}${byDefault},`
}

/** The texts of a user are personal: erasing the user erases them from the audit log. */
function auditDeclaration({ names, owner, fields }: Resource): string {
  if (owner === 'organization') return `audited(${names.plural}, { organization: 'organizationId' })`
  const personal = searchedFields(fields).map(({ name }) => literal(name))
  return `audited(${names.plural}, { personal: [${personal.join(', ')}], subject: 'userId' })`
}
