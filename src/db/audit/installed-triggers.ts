import type { Sql } from 'postgres'

/** The row trigger that writes entries. */
export const CAPTURE_TRIGGER = 'audit_capture'
/** The trigger that refuses TRUNCATE, which would leave no entries. */
export const TRUNCATE_TRIGGER = 'audit_truncate'

type InstalledTrigger = {
  isEnabled: boolean
  /** The bytes that pg_trigger stores, in hexadecimal. */
  arguments: string
  /** True for a trigger that a partition inherits from its root. */
  isClone: boolean
  /** True if its function is in the schema `audit`. */
  isOfAudit: boolean
  /** True if it is of the audit and fires for every row, or for every TRUNCATE. */
  isSound: boolean
  /** True if it is sound and calls the function of this release. */
  isOurs: boolean
}

export type InstalledTable = {
  /** The name as in audit policies: without the schema `public`. */
  name: string
  /** Quoted, with its schema. */
  sqlName: string
  /** The name of a partition's topmost table. For other tables their own name. */
  root: string
  isPartition: boolean
  triggers: Record<string, InstalledTrigger>
}

/** pg_trigger.h: for each row 1, before 2, insert 4, delete 8, update 16, truncate 32. */
const CAPTURE_TYPE = 1 + 4 + 8 + 16
const TRUNCATE_TYPE = 2 + 32

/** All tables outside the schema `audit`, with their audit triggers. */
export const readInstalled = (sql: Sql) => sql<InstalledTable[]>`
  with named as (
    select c.oid, c.relispartition, format('%I.%I', n.nspname, c.relname) as "sqlName",
      case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema$|audit$)'
  )
  select named.name, named."sqlName", root.name as root, named.relispartition as "isPartition",
    coalesce(jsonb_object_agg(installed.name, to_jsonb(installed)) filter (where installed.name is not null), '{}') as triggers
  from named
  join named as root on root.oid = coalesce(pg_partition_root(named.oid), named.oid)
  left join lateral (
    select t.tgname as name, t.tgenabled not in ('D', 'R') as "isEnabled", encode(t.tgargs, 'hex') as arguments,
      t.tgparentid <> 0 as "isClone", p.pronamespace = to_regnamespace('audit') as "isOfAudit",
      shape.is_whole and p.pronamespace = to_regnamespace('audit') as "isSound",
      shape.is_whole and t.tgfoid = case t.tgname
        when ${CAPTURE_TRIGGER} then to_regprocedure('audit.capture()') else to_regprocedure('audit.refuse()')
      end as "isOurs"
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid, lateral (
      select t.tgqual is null and t.tgattr::text = '' and not t.tgdeferrable and t.tgtype =
        case t.tgname when ${CAPTURE_TRIGGER} then ${CAPTURE_TYPE}::int2 else ${TRUNCATE_TYPE}::int2 end as is_whole
    ) as shape
    where t.tgrelid = named.oid and t.tgname in (${CAPTURE_TRIGGER}, ${TRUNCATE_TRIGGER})
  ) as installed on true
  group by named.name, named."sqlName", root.name, named.relispartition`
