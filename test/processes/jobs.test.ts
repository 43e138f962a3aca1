import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArguments } from '../../src/scripts/jobs/arguments.js'
import { bundled } from '../helpers/bundle.js'
import { copyCheckout } from '../helpers/checkout.js'
import { connect, createEmptyDatabase, createTestDatabase } from '../helpers/database.js'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

/** The command as run by an operator, with an unreachable Redis in its settings. */
function commandsOn(t: Test, databaseUrl: string) {
  const cwd = copyCheckout(t)
  writeFileSync(
    join(cwd, 'config/config.yml'),
    `DATABASE_URL: ${databaseUrl}\nREDIS_URL: redis://127.0.0.1:1\n`,
  )
  return {
    jobs: async (...args: string[]) =>
      run(t, [...(await bundled('src/scripts/jobs.ts', cwd)), ...args], { cwd }),
    npm: (script: string, ...args: string[]) =>
      run(t, ['npm', 'run', '--silent', script, '--', ...args], { cwd }),
  }
}

const printed = (...lines: string[]) => ({
  code: 0,
  signal: null,
  stdout: `${lines.join('\n')}\n`,
  stderr: '',
})
const failed = (line: string) => ({ code: 1, signal: null, stdout: '', stderr: `jobs: ${line}\n` })

const [FIRST, SECOND, OPEN] = [1, 2, 3].map((n) => `0197a1b2-0000-7000-8000-00000000000${n}`) as [
  string,
  string,
  string,
]

t.test('lists, retries and discards dead letters while Redis is down', async (t) => {
  const database = await createTestDatabase(t)
  const { jobs, npm } = commandsOn(t, database.url)
  const sql = connect(t, database.ownerUrl)
  t.strictSame(await npm('jobs', 'list'), printed('No job is open.'))
  const failure = {
    attempts: 30,
    last_error: 'The mail server does not answer\nat all',
    last_stack: 'Error: …',
    failed_at: '2026-01-02T03:04:05Z',
    claimed_until: '2026-01-02T03:05:05Z',
  }
  const payload = { mail: 'password-changed', userId: FIRST }
  await sql`insert into outbox ${sql([FIRST, SECOND].map((id) => ({ id, job: 'send-notice', payload, ...failure })))}`
  await sql`insert into outbox ${sql({ id: OPEN, job: 'send-notice', payload, created_at: '2026-01-01T00:00:00Z' })}`
  await sql`insert into outbox ${sql({ job: 'send-notice', payload, done_at: '2026-01-01T00:00:00Z' })}`

  const heads =
    'id                                    state   since                     tries  job          last error'
  const lineOf = (id: string) =>
    `${id}  failed  2026-01-02T03:04:05.000Z  30     send-notice  The mail server does not answer`
  t.strictSame(
    await jobs('list'),
    printed(
      heads,
      lineOf(FIRST),
      lineOf(SECOND),
      `${OPEN}  open    2026-01-01T00:00:00.000Z  0      send-notice`,
    ),
  )
  const { stdout } = await jobs('list', '--failed', '--json')
  t.match(JSON.parse(stdout), [
    {
      id: FIRST,
      job: 'send-notice',
      payload,
      attempts: 30,
      lastError: failure.last_error,
      lastStack: 'Error: …',
    },
    { id: SECOND, failedAt: '2026-01-02T03:04:05.000Z' },
  ])

  t.strictSame(await jobs('retry', FIRST), printed('1 job will be retried.'))
  t.match(await sql`select * from outbox where id = ${FIRST}`, [
    { failed_at: null, attempts: 0, claimed_until: null, retried_at: Date, done_at: null },
  ])
  t.strictSame(await jobs('retry', FIRST), failed(`no dead letter has the id ${FIRST}`))
  t.strictSame(
    await jobs('discard', OPEN),
    failed(`no dead letter has the id ${OPEN}`),
    'an open job cannot be discarded',
  )
  t.strictSame(await jobs('discard', SECOND), printed('1 job discarded.'))
  t.strictSame(await jobs('list', '--failed'), printed('No job has failed.'))
  t.strictSame(await jobs('retry', '--all'), printed('0 jobs will be retried.'))
  await sql`update outbox set failed_at = now() where id in ${sql([FIRST, OPEN])}`
  t.strictSame(await jobs('discard', '--all'), printed('2 jobs discarded.'))
  t.equal((await sql`select from outbox`).length, 1, 'finished jobs stay')
})

t.test('reports an impossible request in one line', async (t) => {
  const database = await createEmptyDatabase(t)
  const empty = commandsOn(t, database.appUrl)
  t.match(await empty.jobs('list'), { code: 1, stderr: /^jobs: The database lacks migrations .*\n$/ })
  const absent = commandsOn(t, 'postgres://nobody@127.0.0.1:1/nothing')
  t.match(await absent.jobs('list'), { code: 1, stdout: '', stderr: /^jobs: [^\n]+\n$/ })
  const { stderr } = await absent.jobs()
  t.match(stderr, /^jobs: a command is missing\nUsage:\n/)
})

t.test('refuses an invalid command line', async (t) => {
  for (const [args, message] of [
    ['', 'a command is missing'],
    ['purge', 'unknown command purge'],
    ['list --all', 'list takes neither'],
    [`list ${FIRST}`, 'list takes neither'],
    ['list --faild', "Unknown option '--faild'"],
    ['retry', 'retry needs either an id or --all'],
    [`retry ${FIRST} --all`, 'retry needs either an id or --all'],
    [`discard ${FIRST} ${SECOND}`, 'one id at a time'],
    ['discard 17', '17 is not a job id'],
    ['retry --all --json', 'retry takes an id or --all, and nothing else'],
  ] as const) {
    t.throws(() => parseArguments(args.split(' ').filter(Boolean)), { message: new RegExp(message) }, args)
  }
  t.match(parseArguments(['discard', FIRST]), { command: 'discard', id: FIRST })
})
