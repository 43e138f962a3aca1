/** Compares `GET /me` with the same route in NestJS and in Flask: see bench/README.md. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Other, PYTHON } from './lib/programs.js'
import { compareServers } from './lib/servers.js'

const canImport = () =>
  spawnSync(PYTHON, ['-c', 'import flask, gunicorn, jwt, psycopg2, sqlalchemy']).status === 0

const optional: { name: Other; isInstalled: boolean }[] = [
  { name: 'nestjs', isInstalled: existsSync('bench/bare/nestjs/dist/main.js') },
  { name: 'flask', isInstalled: canImport() },
]
for (const { name, isInstalled } of optional)
  if (!isInstalled) console.log(`${name} is not installed: bench/README.md says how`)

await compareServers({
  method: 'GET',
  path: '/api/v1/me',
  role: 'user',
  others: ['bare', 'expert', ...optional.flatMap(({ name, isInstalled }) => (isInstalled ? [name] : []))],
  figures: { cpu: 'meCpu', expert: 'meExpert', perSecond: 'mePerSecond' },
})
