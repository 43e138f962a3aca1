import type postgres from 'postgres'

type Column = {
  name: string
  type: string
  /** The first value of an enum; null for other types. */
  label: string | null
  /** The table that a foreign key of this column alone references. */
  target: string | null
  targetColumn: string | null
}

/**
 * The SQL that inserts a valid row into a tenant table for each organization that `condition`
 * selects, as `o`. It covers future tables without naming them.
 */
export async function insertTenantRows(
  sql: postgres.ISql,
  table: string,
  condition: string,
): Promise<string> {
  const columns = await requiredColumns(sql, table)
  const names = columns.map(({ name }) => `"${name}"`)
  const values = columns.map((column) => sampleValue(column))
  return `insert into "${table}" (${names}) select ${values} from organizations o where ${condition} on conflict do nothing`
}

/** The columns that are not nullable and have no default. */
const requiredColumns = (sql: postgres.ISql, table: string) => sql<Column[]>`
  select attname as name, format_type(atttypid, null) as type,
    (select enumlabel from pg_enum where enumtypid = atttypid order by enumsortorder limit 1) as label,
    confrelid::regclass::text as target,
    (select attname from pg_attribute a where a.attrelid = confrelid and a.attnum = confkey[1]) as "targetColumn"
  from pg_attribute column_of
    left join pg_constraint on conrelid = attrelid and contype = 'f' and conkey = array[attnum]
  where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attnotnull
    and not atthasdef and attidentity = ''
  order by attnum`

/** @throws {Error} when VALUES has no value of the type */
function sampleValue({ name, type, label, target, targetColumn }: Column): string {
  if (name === 'organization_id') return 'o.id'
  if (target)
    return `(select "${targetColumn}" from ${target} ${target === 'users' ? '' : 'where organization_id = o.id '}limit 1)`
  if (label !== null) return `'${label}'::${type}`
  const value = VALUES[type]
  if (!value) throw new Error(`Add a value of the type ${type} to test/helpers/tenant-rows.ts`)
  return value
}

const VALUES: Record<string, string> = {
  uuid: 'gen_random_uuid()',
  text: `'text-' || o.id`,
  'character varying': `'text'`,
  bytea: `decode(md5(o.id::text), 'hex')`,
  boolean: 'true',
  smallint: '1',
  integer: '1',
  bigint: '1',
  numeric: '1',
  'double precision': '1',
  date: 'current_date',
  'timestamp with time zone': `now() + interval '1 hour'`,
  json: `'{}'`,
  jsonb: `'{}'`,
  'text[]': `'{}'`,
}
