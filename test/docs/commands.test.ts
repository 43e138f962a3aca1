import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../helpers/process.js'
import t from '../tap.js'
import { codeBlocks, read } from './follow.js'

/** Documents whose every command is run by a test. */
const instructions = [
  'README.md',
  'AGENTS.md',
  'docs/commands.md',
  'docs/adding-a-resource.md',
  'docs/recipes/add-a-field.md',
  'docs/migrations.md',
]
const allInstructions = instructions.map(read).join('\n')

/** The proof of each command: a file that runs it and the words with which it does. */
const PROOFS: [command: RegExp, file: string, words: string][] = [
  [/^npm install$|^npm ci$/, '.ci/run', 'npm ci'],
  [/^npm run (init)( -- --name acme)?$/, 'test/processes/init.test.ts', "'$1'"],
  [/^npm run dev$/, 'test/helpers/dev.ts', 'scripts/dev.ts'],
  [/^npm run dev -- (--inspect)$/, 'test/processes/dev-inspect.test.ts', '$1'],
  [/^npm test( -- test\/routes\/me\.test\.ts)?$/, 'package.json', 'npm test'],
  [/^npm test -- (--slowest)=10$/, 'scripts/test.ts', 'slowest'],
  [/^npm run (test:(processes|browser|docs|faults|scale))$/, 'package.json', '"$1": "npm test -- test/'],
  [/^npm run test:all$/, 'package.json', 'npm test -- test"'],
  [/^npm run test:watch$/, 'test/processes/test-watch.test.ts', '--watch'],
  [/^npm run (check|build)$/, '.ci/run', '$1'],
  [/^npm run (lint|typecheck|db:check)$/, 'package.json', 'npm run $1'],
  [/^npm run format$/, 'lefthook.yml', 'biome check --write'],
  [/^npm run worker$|^npm start$/, 'package.json', 'node dist/worker.js'],
  [/^(node dist\/(server|worker)\.js)$/, '.ci/production.ts', '$1'],
  [/^node (dist\/scripts\/(db|create-user|env-file)\.js)/, '.ci/production.ts', '$1'],
  [/^npm run (db:generate|db:downgrade)( -- .*)?$/, 'test/processes/db.test.ts', "npm('$1'"],
  [/^npm run (db:upgrade|db:status)$/, 'test/processes/db.test.ts', "npm('$1'"],
  [/^npm run (create-user)$/, 'test/processes/create-user.test.ts', 'npm run --silent $1'],
  [/^npm run db:(psql)$/, 'test/processes/psql.test.ts', "'$1'"],
  [/^npm run (db:reset)$/, 'test/processes/db-reset.test.ts', "'$1'"],
  [/^npm run (db:seed)$/, 'test/processes/db-seed.test.ts', "'$1'"],
  [/^npm run (jobs) -- list --failed$/, 'test/processes/jobs.test.ts', "npm('$1'"],
  [/^npm run (audit:verify|audit:seal|audit:keys)$/, 'test/processes/audit.test.ts', '$1'],
  [/^npm run (audit:erase) -- --user /, 'test/processes/audit-erase.test.ts', '$1'],
  [/^npm run (jwt:key)$/, '.ci/production.ts', '$1'],
  [/^npm run (docs:settings)$/, 'test/config/documents.test.ts', '$1'],
  [/^npm run (upgrade) -- 1\.1\.0$/, 'test/helpers/starter.ts', 'scripts/$1.ts'],
  [/^npm run (new|new:field)( -- .*)?$/, 'test/docs/new.test.ts', "cwd, '$1'"],
  [/^npm run bench -- me$/, 'bench/me.ts', 'GET /me'],
  [/^npm run bench$/, 'bench/run.ts', 'runRound'],
]

t.test('every command is run by a test or by .ci/run, and none is missing', async (t) => {
  const inline = [...allInstructions.matchAll(/`((?:npm|npx|node) [^`]+)`/g)].map(
    ([, command = '']) => command,
  )
  const lines = codeBlocks('sh', allInstructions).flatMap((block) => block.split(/\n|&&/))
  const commands = [...inline, ...lines.filter((line) => /^\s*(npm|npx|node) /.test(line))]
  for (const command of commands.map((command) => command.trim())) {
    const proof = PROOFS.find(([pattern]) => pattern.test(command))
    t.ok(proof, `${command} has a proof`)
    if (!proof) continue
    const [pattern, file, words] = proof
    const wanted = words.replace('$1', pattern.exec(command)?.[1] ?? '')
    t.ok(existsSync(join(PACKAGE_ROOT, file)) && read(file).includes(wanted), `${file} runs ${command}`)
  }
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const unknown = Object.keys(scripts).filter(
    (name) => !new RegExp(`npm run ${name}(?![\\w:])`).test(read('docs/commands.md')),
  )
  t.strictSame(
    unknown,
    ['start', 'test'],
    'docs/commands.md names every script; start and test have short forms',
  )
})
