import postgres from 'postgres'

/** The most and least frequent values of the entries, for searches that must be fast for both. */
export const FILLED = {
  tables: { most: 'orders', middle: 'invoices', least: 'tax_rules' },
  fields: { most: 'updatedAt', middle: 'email', least: 'taxNumber' },
  /**
   * A field changed often, but only in the oldest month, so that none of the newest entries has it.
   */
  oldField: 'legacyCode',
  /** A table whose last entry is in the oldest month. */
  oldTable: 'imports',
  /** The user with the most entries, about one in two hundred. */
  busyUser: '0199d3a4-6f2c-7b1e-9c55-000000000000',
  quietUser: '0199d3a4-6f2c-7b1e-9c55-000000009999',
} as const

const MONTHS = 3

/**
 * Fills the three months before this one with entries like those of long use: 20 tables of which a
 * few have most entries, 10,000 users, nine updates in ten, one delete in a hundred. The rows are
 * written by the owner, without triggers and before the indexes exist, so that a million takes
 * seconds. Every run gives the same rows.
 */
export async function fillAuditLog(ownerUrl: string, entries: number): Promise<void> {
  const sql = postgres(ownerUrl, { max: MONTHS, onnotice: () => {} })
  try {
    const ages = Array.from({ length: MONTHS }, (_, i) => MONTHS - i)
    await Promise.all(ages.map((age) => fillMonth(sql, age, Math.floor(entries / MONTHS))))
    for (const age of ages) await attachMonth(sql, age)
    await sql`analyze audit.audit_log`
  } finally {
    await sql.end()
  }
}

const nameOf = (age: number): string => `audit_log_${firstDayOf(age).slice(0, 7).replace('-', '')}`

const firstDayOf = (age: number): string => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - age)).toISOString()
}

async function fillMonth(sql: postgres.Sql, age: number, entries: number): Promise<void> {
  const table = sql(`audit.${nameOf(age)}`)
  await sql`create table ${table} (like audit.audit_log including defaults including constraints)`
  const [first, next] = [firstDayOf(age), firstDayOf(age - 1)]
  await sql`
    insert into ${table} (id, created_at, actor, user_id, organization_id, request_id, table_name, object_id, action,
      changed, state_before, state_after, method, url, headers, body, args, ip)
    select (lpad(to_hex(ms), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
      to_timestamp(ms / 1000.0), case when user_number is null then 'job:sync' else 'user' end,
      ('0199d3a4-6f2c-7b1e-9c55-' || lpad(user_number::text, 12, '0'))::uuid,
      case when dice / 3 % 2 = 0 then ('0199d3a4-6f2c-7b1e-8c55-' || lpad((dice / 6 % 200)::text, 12, '0'))::uuid end,
      -- A request writes three entries.
      md5((n / 3 + ${age} * 10000000)::text), table_name, md5(table_name || object_number)::uuid::text, action,
      case action when 'update' then changed end,
      case when action <> 'create' then state end, case when action <> 'delete' then state end,
      'PATCH', '/api/v1/things', '{"host": "api.example.com", "user-agent": "a browser"}', state, '{"params": {}, "query": {}}', '10.0.0.1'
    from (
      select *, jsonb_build_object('id', dice, 'email', 'ada@example.com', 'status', 'active', 'total', n) as state,
        array['updated_at', case
          when n % 30011 = 7 then 'tax_number'
          when ${age} = ${MONTHS} and n % 3 = 0 then 'legacy_code'
          else (array['status', 'total', 'note', 'paid_at', 'address', 'email'])[1 + floor(6 * power(fraction, 3))::int] end] as changed
      from (
        select *, case
            when n % 10007 = 3 then 'tax_rules' when ${age} = ${MONTHS} and n % 50 = 11 then 'imports'
            else (array['orders', 'sessions', 'users', 'products', 'shipments', 'payments', 'invoices', 'carts', 'reviews',
              'addresses', 'coupons', 'refunds', 'messages', 'files', 'tags', 'teams', 'projects', 'notes'])
              [1 + floor(18 * power(fraction, 3))::int] end as table_name,
          case when dice % 100 < 9 then 'create' when dice % 100 = 99 then 'delete' else 'update' end as action,
          dice / 100 % 2000 as object_number,
          case when dice / 7 % 20 <> 19 then case when dice % 100 < 50 then floor(10000 * power(fraction2, 2))::int else dice % 9000 end end as user_number
        from (
          select n, (extract(epoch from ${first}::timestamptz) * 1000)::bigint
              + n * (extract(epoch from ${next}::timestamptz - ${first}::timestamptz) * 1000)::bigint / ${entries + 1} as ms,
            abs(hashint8(n + ${age} * 10000000)) as dice,
            abs(hashint8(n * 7 + ${age})) % 100000 / 100000.0 as fraction, abs(hashint8(n * 13 + ${age})) % 100000 / 100000.0 as fraction2
          from generate_series(1, ${entries}::bigint) as n
        ) as drawn
      ) as chosen
    ) as entry`
}

/** Attaches a month like `audit.make_partition`, which builds its indexes. */
async function attachMonth(sql: postgres.Sql, age: number): Promise<void> {
  await sql.unsafe(`
    alter table audit.audit_log attach partition audit.${nameOf(age)}
    for values from ('${boundOf(age)}') to ('${boundOf(age - 1)}');
    create trigger append_only_truncate before truncate on audit.${nameOf(age)}
    for each statement execute function audit.refuse()`)
}

const boundOf = (age: number): string => {
  const hex = Date.parse(firstDayOf(age)).toString(16).padStart(12, '0')
  return `${hex}${'0'.repeat(20)}`
}
