import type postgres from 'postgres'

/**
 * Excludes the schemas of PostgreSQL and the list of migrations, which migrations do not create.
 */
const OWN_SCHEMA = `nspname !~ '^pg_|^information_schema$|^drizzle$'`
const NOT_OF_AN_EXTENSION = (oid: string) =>
  `not exists (select from pg_depend where objid = ${oid} and deptype = 'e')`

/** Each query returns one column of lines. */
const QUERIES = [
  `select format('schema %s %s', nspname, nspacl) from pg_namespace where ${OWN_SCHEMA}`,
  `select format('relation %s %s %s rls=%s,%s options=%s %s %s acl=%s', c.oid::regclass, relkind, relpersistence,
     relrowsecurity, relforcerowsecurity, reloptions, pg_get_partkeydef(c.oid),
     pg_get_expr(relpartbound, c.oid), relacl)
   from pg_class c join pg_namespace n on n.oid = relnamespace where ${OWN_SCHEMA} and relkind not in ('t', 'i', 'I')`,
  `select format('column %s.%s %s null=%s default=%s identity=%s generated=%s collation=%s acl=%s',
     c.oid::regclass, attname, format_type(atttypid, atttypmod), not attnotnull, pg_get_expr(adbin, adrelid),
     attidentity, attgenerated, attcollation::regcollation, attacl)
   from pg_attribute a join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
   left join pg_attrdef on adrelid = attrelid and adnum = attnum
   where ${OWN_SCHEMA} and attnum > 0 and not attisdropped and relkind in ('r', 'p', 'v', 'm', 'c', 'f')`,
  `select format('constraint %s on %s%s %s valid=%s', conname, nullif(conrelid, 0)::regclass,
     nullif(contypid, 0)::regtype, pg_get_constraintdef(c.oid), convalidated)
   from pg_constraint c join pg_namespace n on n.oid = connamespace where ${OWN_SCHEMA}`,
  `select format('index %s valid=%s cluster=%s', pg_get_indexdef(indexrelid), indisvalid, indisclustered)
   from pg_index join pg_class c on c.oid = indexrelid join pg_namespace n on n.oid = relnamespace where ${OWN_SCHEMA}`,
  `select format('function %s acl=%s', pg_get_functiondef(p.oid), proacl)
   from pg_proc p join pg_namespace n on n.oid = pronamespace
   where ${OWN_SCHEMA} and prokind in ('f', 'p') and ${NOT_OF_AN_EXTENSION('p.oid')}`,
  `select format('trigger %s enabled=%s', pg_get_triggerdef(t.oid), tgenabled) from pg_trigger t
   join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
   where ${OWN_SCHEMA} and not tgisinternal`,
  `select format('type %s %s not-null=%s default=%s labels=%s acl=%s', t.oid::regtype, format_type(typbasetype, typtypmod),
     typnotnull, typdefault, (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid), typacl)
   from pg_type t join pg_namespace n on n.oid = typnamespace
   where ${OWN_SCHEMA} and typtype in ('e', 'd', 'r') and ${NOT_OF_AN_EXTENSION('t.oid')}`,
  `select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) from pg_class c
   join pg_namespace n on n.oid = relnamespace where ${OWN_SCHEMA} and relkind in ('v', 'm')`,
  `select format('sequence %s %s start=%s by=%s from=%s to=%s cycle=%s', seqrelid::regclass, seqtypid::regtype,
     seqstart, seqincrement, seqmin, seqmax, seqcycle) from pg_sequence
   join pg_class c on c.oid = seqrelid join pg_namespace n on n.oid = relnamespace where ${OWN_SCHEMA}`,
  `select format('policy %s', to_jsonb(p)) from pg_policies p`,
  `select format('extension %s', extname) from pg_extension`,
  `select format('event trigger %s %s %s', evtname, evtevent, evtfoid::regproc) from pg_event_trigger`,
  `select format('default privileges %s %s %s', defaclnamespace::regnamespace, defaclobjtype, defaclacl) from pg_default_acl`,
  `select format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
   from pg_description where objoid >= 16384`,
]

/**
 * Everything in the schema of a database, as sorted lines, so that equal schemas give equal lines.
 * The order of columns is left out, because a dropped column can only return as the last one.
 */
export async function describeCatalog(sql: postgres.Sql): Promise<string[]> {
  const results = await Promise.all(
    QUERIES.map((query) => sql.unsafe<Record<string, string>[]>(query).values()),
  )
  return results
    .flat()
    .map(([line]) => String(line))
    .sort()
}
