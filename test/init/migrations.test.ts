import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeOutOfHistory } from '../../scripts/init/migrations.js'
import t from '../tap.js'

const BREAK = '\n--> statement-breakpoint\n'

const column = (name: string) => ({ [name]: { name } })

t.test('takes tables and columns out of scripts and snapshots, and numbers the rest anew', async (t) => {
  const users = { columns: { ...column('id'), ...column('pin') }, indexes: { users_pin_key: {} } }
  const notes = { columns: column('id'), indexes: {} }
  const trigger = (...passed: string[]) => ({ trigger: passed })
  const snapshot = (id: string, prevId: string, tables: object) =>
    JSON.stringify({
      ...{ id, prevId, tables, enums: { 'public.note_kind': {} } },
      audited: {
        users: trigger('id', '{"pin":"[redacted]","key":"[redacted]"}', '{seen_at,pin}', 'users'),
        notes: {},
      },
    })
  const folder = t.testdir({
    drizzle: {
      '0001_users.sql': 'CREATE TABLE "users" ("id" uuid);',
      '0001_users.down.sql': 'DROP TABLE "users";',
      '0002_notes.sql': `CREATE TYPE "public"."note_kind" AS ENUM('a');${BREAK}CREATE TABLE "notes" ("id" uuid);`,
      '0002_notes.down.sql': 'DROP TABLE "notes";',
      '0003_more.sql': `ALTER TABLE "users" ADD COLUMN "pin" text;${BREAK}-- Unlike notes.\nALTER TABLE "users" ADD COLUMN "notes_count" int;`,
      '0003_more.down.sql': `ALTER TABLE "users" DROP COLUMN "notes_count";${BREAK}ALTER TABLE "users" DROP COLUMN "pin";`,
      meta: {
        '0001_snapshot.json': snapshot('one', 'zero', { 'public.users': users }),
        '0002_snapshot.json': snapshot('two', 'one', { 'public.users': users, 'public.notes': notes }),
        '0003_snapshot.json': snapshot('three', 'two', { 'public.users': users, 'public.notes': notes }),
      },
    },
  })
  takeOutOfHistory(folder, [
    { tables: ['notes'], types: ['note_kind'] },
    { columns: { users: ['pin'] }, indexes: { users: ['users_pin_key'] } },
  ])
  const read = (path: string) => readFileSync(join(folder, 'drizzle', path), 'utf8')
  t.strictSame(readdirSync(join(folder, 'drizzle')).sort(), [
    ...['0001_users.down.sql', '0001_users.sql', '0002_more.down.sql', '0002_more.sql', 'meta'],
  ])
  t.equal(read('0002_more.sql'), '-- Unlike notes.\nALTER TABLE "users" ADD COLUMN "notes_count" int;')
  t.equal(read('0002_more.down.sql'), 'ALTER TABLE "users" DROP COLUMN "notes_count";')
  t.strictSame(readdirSync(join(folder, 'drizzle/meta')).sort(), ['0001_snapshot.json', '0002_snapshot.json'])
  t.strictSame(JSON.parse(read('meta/0002_snapshot.json')), {
    ...{ id: 'three', prevId: 'one', enums: {} },
    tables: { 'public.users': { columns: column('id'), indexes: {} } },
    audited: { users: trigger('id', '{"key":"[redacted]"}', '{seen_at}', 'users') },
  })
})
