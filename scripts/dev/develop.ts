import { join } from 'node:path'
import type { Config } from '../../src/config/index.js'
import type { OpenDatabase } from '../../src/db/lifecycle/open.js'
import { watchFiles } from './changes.js'
import { programs } from './programs.js'
import { supervise } from './supervise.js'

/** Runs everything until `stop` is aborted, and resolves with the exit code once nothing runs any more. */
export async function develop(config: Config, port: number, stop: AbortSignal): Promise<number> {
  // All three at once, and the programs wait for nothing: loading them takes longest.
  const changes = watchFiles()
  const database = openDatabase(config)
  try {
    const onListening = welcomeOnce(config, database)
    return await supervise({ programs, env: environment(config, port), changes, stop, onListening })
  } finally {
    await (await changes).close()
    await (await database.catch(() => undefined))?.close()
  }
}

/** Kept open across the restarts of the programs, which then need not start it. */
function openDatabase(config: Config): Promise<OpenDatabase> {
  const opening = import('../../src/db/lifecycle/open.js').then((module) => module.openDatabase(config))
  // The API cannot open it either then, and says why.
  opening.catch(() => undefined)
  return opening
}

function environment(config: Config, port: number): NodeJS.ProcessEnv {
  return {
    // Where Node knows how to (22.1 and later), compiled code is kept from start to start.
    NODE_COMPILE_CACHE: join(config.DATA_DIR, 'compile-cache'),
    ...process.env,
    // A port that the system chose stays the same across restarts.
    ...(config.PORT === 0 && { PORT: String(port) }),
  }
}

function welcomeOnce(config: Config, opening: Promise<OpenDatabase>) {
  let shown: string | undefined
  return async (address: string) => {
    if (address === shown) return
    console.log(`\n  API       ${address}/api/v1\n  API docs  ${address}/api-docs\n`)
    if (shown === undefined) await introduceFirstAdmin(config, await opening)
    shown = address
  }
}

async function introduceFirstAdmin(config: Config, { directUrl }: OpenDatabase): Promise<void> {
  const { createFirstAdmin } = await import('./first-admin.js')
  const admin = await createFirstAdmin(config, directUrl)
  if (!admin) return
  console.log('  The first super_admin, whose password is shown only this once:\n')
  console.log(`  e-mail    ${admin.email}\n  password  ${admin.password}\n`)
}
