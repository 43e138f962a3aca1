import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { loadConfig } from '../../src/config/index.js'
import { openDatabase } from '../../src/db/lifecycle/open.js'
import { changeDatabaseUrl, parseDatabaseUrl } from '../../src/lib/database-url/index.js'
import { parseOptions } from '../../src/scripts/command-line/arguments.js'
import { runSqlShell } from './sql-shell.js'

/** Opens psql as the owner of the tables, or the SQL shell of this project where psql is not installed. */
export async function psqlCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const database = await openDatabase(loadConfig())
  // Ctrl-C cancels the query in psql, which gets the signal too. It must not end this process first.
  process.on('SIGINT', () => {})
  try {
    const code = await runPsql(database.migrationUrl)
    if (code === undefined) await runSqlShell(database.migrationUrl)
    else process.exitCode = code
  } finally {
    await database.close()
  }
}

/** Returns the exit code of psql, or undefined when it is not installed. */
async function runPsql(url: string): Promise<number | undefined> {
  const { user, password } = parseDatabaseUrl(url)
  // Other users of this machine can read arguments, but not the environment.
  const env = { ...process.env, ...(password !== undefined && { PGPASSWORD: password }) }
  const psql = spawn('psql', [changeDatabaseUrl(url, { user })], { stdio: 'inherit', env })
  try {
    const [code] = await once(psql, 'close')
    return code ?? 1
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
