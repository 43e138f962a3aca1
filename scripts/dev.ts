/** `npm run dev`: runs the whole system on this machine, and restarts what a change affects. */
import { type Config, loadConfig } from '../src/config/index.js'
import { explainListenError } from '../src/lib/errors/listen-error.js'
import { explainExit, OperatorError } from '../src/lib/errors/operator-error.js'
import { develop } from './dev/develop.js'
import { readInspectPort } from './dev/inspect.js'
import { Listener } from './dev/listener.js'

const listener = new Listener()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort())

try {
  refuseProduction(process.env)
  const config = loadConfig()
  refuseProduction(config)
  const inspectPort = await readInspectPort(process.argv.slice(2))
  const port = await listen(config)
  process.exitCode = await develop(config, { listener, port, inspectPort, stop: stop.signal })
} catch (error) {
  console.error(explainExit(error))
  process.exitCode = 1
} finally {
  listener.close()
}

async function listen({ HOST: host, PORT: port }: Config): Promise<number> {
  const listening = listener.listen(host, port)
  return (await listening.catch((error) => Promise.reject(explainListenError(error, host, port)))).port
}

function refuseProduction({ NODE_ENV }: { NODE_ENV?: string | undefined }): void {
  if (NODE_ENV?.trim() !== 'production') return
  throw new OperatorError('npm run dev is not for NODE_ENV=production: use npm start and npm run worker.')
}
