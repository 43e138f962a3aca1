import Fastify, { type FastifyInstance } from 'fastify'
import type { AppOptions } from './app.js'
import { databaseOptions } from './db/driver/client.js'
import { findKeyPrefix } from './db/queue/key-prefix.js'
import type { AuditSigningKey } from './lib/audit/audit-keys.js'
import { PRODUCT } from './lib/product.js'
import mailedLinks from './plugins/accounts/mailed-links.js'
import audit from './plugins/infra/audit.js'
import db from './plugins/infra/db.js'
import devInbox from './plugins/infra/dev-inbox.js'
import mailer from './plugins/infra/mailer.js'
import metrics from './plugins/infra/metrics.js'
import queue from './plugins/infra/queue.js'
import rowSecurity from './plugins/infra/row-security.js'
import { version } from './version.js'
import workers from './workers/index.js'
import { schedulesWith } from './workers/schedules.js'

export type WorkerAppOptions = AppOptions & {
  /** Seals the audit log. Undefined: it is not sealed. */
  auditKey: AuditSigningKey | undefined
}

/** Builds the worker: the plugins that jobs need, without HTTP, and the jobs. */
export async function buildWorker(options: WorkerAppOptions): Promise<FastifyInstance> {
  const { config, databaseUrl, directUrl = databaseUrl, signingKeys, auditKey, logger } = options
  const app = Fastify(logger ? { loggerInstance: logger } : { logger: false }) as unknown as FastifyInstance

  await app.register(metrics, { ...config, service: 'worker', version })
  await app.register(db, {
    ...databaseOptions(config, databaseUrl, `${PRODUCT.name}-worker`),
    needsPrimary: true,
  })
  await app.register(audit)
  await app.register(rowSecurity, { isProduction: config.NODE_ENV === 'production' })
  await app.register(devInbox, config)
  await app.register(mailer, config)
  await app.register(mailedLinks, {
    keys: signingKeys,
    baseUrl: config.FRONTEND_URL ?? config.PUBLIC_URL,
    ttlSeconds: {
      'verify-email': config.VERIFICATION_TOKEN_TTL_SECONDS,
      'confirm-email-change': config.VERIFICATION_TOKEN_TTL_SECONDS,
      'reset-password': config.RESET_TOKEN_TTL_SECONDS,
      'set-password': config.INVITATION_TOKEN_TTL_SECONDS,
    },
  })
  await app.register(queue, {
    databaseUrl: directUrl,
    redisUrl: config.REDIS_URL,
    keyPrefix: await findKeyPrefix(config, app.checkDatabase),
    concurrency: config.WORKER_CONCURRENCY,
  })
  if (!auditKey) app.log.warn('the audit log is not sealed: there is no AUDIT_SIGNING_KEY')
  await app.register(workers, { databaseUrl: directUrl, schedules: schedulesWith({ auditKey }) })
  return app
}
