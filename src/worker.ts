import { resolveAuditSigningKey } from './config/audit-keys.js'
import { resolveSigningKeys } from './config/development-keys.js'
import { runProcess } from './process.js'
import { buildWorker } from './worker-app.js'

await runProcess('worker', async ({ config, logger, database }) => {
  const app = await buildWorker({
    config,
    logger,
    databaseUrl: database.url,
    directUrl: database.directUrl,
    signingKeys: resolveSigningKeys(config),
    auditKey: resolveAuditSigningKey(config),
  })
  await app.ready()
  logger.info('waiting for jobs')
  return { close: () => app.close() }
})
