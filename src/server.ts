import { buildApp } from './app.js'
import { resolveSigningKeys } from './config/development-keys.js'
import { explainListenError } from './lib/errors/listen-error.js'
import { listenInParent } from './lib/http/listen-in-parent.js'
import { runProcess } from './process.js'

await runProcess('api', async ({ config, logger, database }) => {
  const app = await buildApp({
    config,
    logger,
    databaseUrl: database.url,
    directUrl: database.directUrl,
    signingKeys: resolveSigningKeys(config),
  })
  const { HOST: host, PORT: port } = config
  try {
    const listensInParent = process.argv.includes('--listen-in-parent')
    const place = listensInParent ? await listenInParent(app.server, { host, port }) : { host, port }
    const address = await app.listen({ ...place, listenTextResolver: (url) => `listening at ${url}` })
    return { address, close: () => app.close() }
  } catch (error) {
    await app.close()
    throw explainListenError(error, host, port)
  }
})
