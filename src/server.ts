import { buildApp } from './app.js'
import { resolveSigningKeys } from './config/development-keys.js'
import { OperatorError } from './lib/operator-error.js'
import { runProcess } from './process.js'

await runProcess(async ({ config, logger, database }) => {
  const app = await buildApp({
    config,
    logger,
    databaseUrl: database.url,
    signingKeys: resolveSigningKeys(config),
  })
  const { HOST: host, PORT: port } = config
  try {
    const address = await app.listen({ host, port, listenTextResolver: (url) => `listening at ${url}` })
    return { address, close: () => app.close() }
  } catch (error) {
    await app.close()
    throw explainListenError(error, host, port)
  }
})

function explainListenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new OperatorError(`Port ${port} of ${host} is in use: stop what uses it, or set PORT to another.`)
  }
  if (code === 'EACCES') return new OperatorError(`Port ${port} needs more rights: set PORT above 1023.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new OperatorError(`HOST is ${host}, which is no address of this machine.`)
  }
  return error
}
