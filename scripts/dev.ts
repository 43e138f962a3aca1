/** `npm run dev`: runs the whole system on this machine, and restarts it when a file changes. */
import { loadConfig } from '../src/config/index.js'
import { explainExit, OperatorError } from '../src/lib/errors/operator-error.js'
import { develop } from './dev/develop.js'
import { readInspectPort } from './dev/inspect.js'
import { findPort } from './dev/port.js'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort())

try {
  refuseProduction(process.env)
  const config = loadConfig()
  refuseProduction(config)
  const inspectPort = await readInspectPort(process.argv.slice(2))
  const port = await findPort(config.HOST, config.PORT)
  process.exitCode = await develop(config, { port, inspectPort, stop: stop.signal })
} catch (error) {
  console.error(explainExit(error))
  process.exitCode = 1
}

function refuseProduction({ NODE_ENV }: { NODE_ENV?: string | undefined }): void {
  if (NODE_ENV?.trim() !== 'production') return
  throw new OperatorError('npm run dev is not for NODE_ENV=production: use npm start and npm run worker.')
}
