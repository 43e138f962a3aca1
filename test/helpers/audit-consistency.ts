import type postgres from 'postgres'
import { moved } from './moved.js'

type AuditedTable = {
  name: 'users' | 'sessions'
  /** Columns that entries do not show: secrets, and columns whose changes alone leave no entry. */
  hidden: string[]
}

const TABLES: AuditedTable[] = [
  { name: 'users', hidden: ['password_hash'] },
  { name: 'sessions', hidden: ['cookie_hash', 'last_used_at'] },
]

/**
 * Compares the tables with their entries and returns a line for each contradiction. The entries of
 * an object must begin with its creation, follow from one another, and end in the state that the
 * table shows.
 */
export async function findContradictions(sql: postgres.Sql): Promise<string[]> {
  const found: string[] = []
  for (const { name, hidden } of TABLES) {
    const rows = await moved(sql)<{ line: string }[]>`
      with entry as (
        select object_id, action, id, request_id, state_before - ${hidden}::text[] as before,
          state_after - ${hidden}::text[] as after,
          lag(state_after - ${hidden}::text[]) over chain as previous,
          row_number() over chain as number,
          row_number() over (partition by object_id order by id desc) as from_end
        from audit.audit_log where table_name = ${name} window chain as (partition by object_id order by id)
      ), row as (
        select t.id::text as object_id, to_jsonb(t) - ${hidden}::text[] as state from ${sql(name)} as t
      )
      select concat_ws(' ', ${name}::text, object_id, request_id, problem) as line from (
        select object_id, request_id, 'does not begin with its creation' as problem from entry
          where number = 1 and (action <> 'create' or before is not null)
        union all
        select object_id, request_id, 'does not go on from the entry before' from entry
          where number > 1 and before is distinct from previous
        union all
        select object_id, request_id, 'is not what its last entry says' from (select * from entry where from_end = 1) as last
          full join row using (object_id) where state is distinct from after
      ) as contradiction`
    found.push(...rows.map(({ line }) => line))
  }
  return found
}
