import { join } from 'node:path'
import type { Config } from '../../src/config/index.js'
import type { OpenDatabase } from '../../src/db/lifecycle/open.js'
import { banner } from './banner.js'
import { watchFiles } from './changes.js'
import { withInspectors } from './inspect.js'
import type { Listener } from './listener.js'
import { programs } from './programs.js'
import { supervise } from './supervise.js'

type Options = {
  /** Listens already. */
  listener: Listener
  port: number
  /** The port of the API's inspector, and one less than the worker's. Undefined: without inspectors. */
  inspectPort: number | undefined
  stop: AbortSignal
}

/** Runs everything until `stop` is aborted. Resolves with the exit code after everything has stopped. */
export async function develop(
  config: Config,
  { listener, port, inspectPort, stop }: Options,
): Promise<number> {
  // All three start at once: loading the programs takes longest, and they do not need the others.
  const changes = watchFiles()
  const database = openDatabase(config)
  try {
    const onReady = welcomeOnce(config, database)
    const env = environment(config, port)
    const inspected = inspectPort === undefined ? programs : withInspectors(inspectPort)
    return await supervise({ programs: inspected, env, listener, changes, stop, onReady })
  } finally {
    await (await changes).close()
    await (await database.catch(() => undefined))?.close()
  }
}

/** Keeps the database open, so that a restart of the programs does not restart it. */
function openDatabase(config: Config): Promise<OpenDatabase> {
  const opening = import('../../src/db/lifecycle/open.js').then((module) => module.openDatabase(config))
  // The API fails to open it too, and prints the reason.
  opening.catch(() => undefined)
  return opening
}

function environment(config: Config, port: number): NodeJS.ProcessEnv {
  return {
    // Node 22.1 and later keep compiled code there between starts.
    NODE_COMPILE_CACHE: join(config.DATA_DIR, 'compile-cache'),
    ...process.env,
    // A port that the system chose stays the same across restarts.
    ...(config.PORT === 0 && { PORT: String(port) }),
  }
}

/** Shows the banner at the first start, and again when a change of the settings moves the API. */
function welcomeOnce(config: Config, opening: Promise<OpenDatabase>) {
  let shown: string | undefined
  return async (address: string) => {
    if (address === shown) return
    const database = await opening
    const { createFirstAdmin } = await import('./first-admin.js')
    const admin = shown === undefined ? await createFirstAdmin(config, database.directUrl) : undefined
    console.log(banner(config, address, database, admin))
    shown = address
  }
}
