import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { bundled } from '../helpers/bundle.js'
import { createTestDatabase } from '../helpers/database.js'
import { startProcess } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

/** The command with only these programs, and lines on its standard input. */
async function psql(t: Test, url: string, PATH: string, input: string) {
  const [, program] = await bundled('scripts/db.ts')
  const command = [process.execPath, program, 'psql'] as const
  const env = { CONFIG_FILE: 'off', DATABASE_URL: url, PATH }
  const { child, ended } = startProcess(t, command, { env, stdin: 'pipe' })
  child.stdin?.end(input)
  return ended
}

t.test('opens psql on the configured database, with the password in the environment', async (t) => {
  const programs = t.testdir()
  const script = '#!/bin/sh\necho "$@"\necho "$PGPASSWORD"\nexit 3\n'
  writeFileSync(join(programs, 'psql'), script, { mode: 0o755 })
  t.match(await psql(t, 'postgres://ada:secret@db.test/shop?sslmode=require', programs, ''), {
    code: 3,
    stdout: 'postgres://ada:@db.test/shop?sslmode=require\nsecret\n',
    stderr: '',
  })
})

t.test('without psql, runs SQL and prints rows, and goes on after an error', async (t) => {
  const { ownerUrl } = await createTestDatabase(t)
  const input =
    "select 1 as one,\n  null as none, 'two' as text;\nselect nothing;\nselect true as still;\n\\q\nselect 5;\n"
  const { code, stdout, stderr } = await psql(t, ownerUrl, t.testdir(), input)
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, /^psql is not installed\./)
  t.match(stdout, /one .* none .* text[\s\S]*'1' .* '' .* 'two'[\s\S]*SELECT 1/)
  t.match(stdout, /ERROR: column "nothing" does not exist[\s\S]*still[\s\S]*'true'/)
  t.notMatch(stdout, '5')
})
