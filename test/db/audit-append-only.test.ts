import { findAuditProblems, syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { openAuditTest } from '../helpers/audit.js'
import { connect } from '../helpers/database.js'
import t from '../tap.js'

const month = () => new Date().toISOString().slice(0, 7).replace('-', '')

t.test('missing append-only triggers of the audit tables are detected', async (t) => {
  const { database } = await openAuditTest(t)
  const admin = connect(t, database.adminUrl)
  const partition = `audit_log_${month()}`
  const replaced = (table: string, events: string) =>
    `drop trigger append_only on audit.${table}; create trigger append_only ${events} on audit.${table} for each row execute function audit.refuse()`
  const all = [partition, 'audit_log_default'].map((table) => `${table}: the append-only trigger is disabled`)
  const damages: [sql: string, problems: (string | RegExp)[]][] = [
    [
      `alter table audit.audit_log disable trigger append_only`,
      [/^audit_log: .* disabled$/, /^audit_log_\d{6}: .* disabled$/],
    ],
    [`alter table audit.${partition} disable trigger append_only`, all.slice(0, 1)],
    [`alter table audit.${partition} disable trigger all`, all.slice(0, 1)],
    ['alter table audit.audit_log_default enable replica trigger append_only_truncate', all.slice(1)],
    [
      `drop trigger append_only_truncate on audit.audit_requests_${month()}`,
      [/^audit_requests_\d{6}: the append-only trigger is missing$/],
    ],
    [
      'drop trigger append_only on audit.audit_requests',
      [/^audit_requests: .* missing$/, /^audit_requests_\d{6}: .* missing$/],
    ],
    ['drop trigger append_only on audit.audit_seals', ['audit_seals: the append-only trigger is missing']],
    [replaced('audit_seals', 'before update'), ['audit_seals: the append-only trigger was changed']],
    [replaced('audit_seals', 'after update or delete'), ['audit_seals: the append-only trigger was changed']],
  ]
  for (const [damage, expected] of damages) {
    await admin.unsafe(damage)
    const problems = await findAuditProblems(admin)
    t.match(problems, expected, damage)
    await syncAuditTriggers(admin)
    t.same(await findAuditProblems(admin), [], 'the next upgrade restores it')
  }
  await t.rejects(
    admin`delete from audit.audit_seals where true`.then(() => admin`truncate audit.audit_seals`),
    /not allowed/,
  )
})
