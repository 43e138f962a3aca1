import { maxHeaderSize } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from './config/index.js'
import { databaseOptions } from './db/driver/client.js'
import { findKeyPrefix } from './db/queue/key-prefix.js'
import { COOKIE_SESSION_HOURS } from './lib/auth/session-cookie.js'
import type { SigningKey } from './lib/auth/signing-keys.js'
import { clientErrorHandler } from './lib/http/client-error.js'
import { requestIdOf } from './lib/http/request-id.js'
import { SecuredResponse } from './lib/http/secured-response.js'
import { LazyLogger } from './lib/observability/lazy-logger.js'
import { PRODUCT } from './lib/product.js'
import { buildValidator } from './lib/schema/validation.js'
import invitations from './plugins/accounts/invitations.js'
import passwordReset from './plugins/accounts/password-reset.js'
import passwords from './plugins/accounts/passwords.js'
import accessPolicy from './plugins/auth/access-policy.js'
import accessTokens from './plugins/auth/access-tokens.js'
import auth from './plugins/auth/auth.js'
import cookieSessions from './plugins/auth/cookie-sessions.js'
import organizationScope from './plugins/auth/organization-scope.js'
import revocationList from './plugins/auth/revocation-list.js'
import sessions from './plugins/auth/sessions.js'
import signInGuard from './plugins/auth/sign-in-guard.js'
import apiTags from './plugins/http/api-tags.js'
import clientAddress from './plugins/http/client-address.js'
import cors from './plugins/http/cors.js'
import errors, { answerUnreadableUrl } from './plugins/http/errors.js'
import exportSlots from './plugins/http/exports.js'
import httpMetrics from './plugins/http/http-metrics.js'
import jsonBody from './plugins/http/json-body.js'
import knownPaths from './plugins/http/known-paths.js'
import openapi from './plugins/http/openapi.js'
import publicPath from './plugins/http/public-path.js'
import requestContext from './plugins/http/request-context.js'
import requestHead from './plugins/http/request-head.js'
import requestLog from './plugins/http/request-log.js'
import securityHeaders from './plugins/http/security-headers.js'
import slowReaders from './plugins/http/slow-readers.js'
import staticFiles from './plugins/http/static.js'
import swaggerUi from './plugins/http/swagger-ui.js'
import audit from './plugins/infra/audit.js'
import auditRequests from './plugins/infra/audit-requests.js'
import db from './plugins/infra/db.js'
import devInbox from './plugins/infra/dev-inbox.js'
import jobsDashboard from './plugins/infra/jobs-dashboard.js'
import metrics from './plugins/infra/metrics.js'
import overload from './plugins/infra/overload.js'
import rateLimit from './plugins/infra/rate-limit.js'
import readiness from './plugins/infra/readiness.js'
import rowSecurity from './plugins/infra/row-security.js'
import tracing from './plugins/infra/tracing.js'
import routes from './routes/index.js'
import { version } from './version.js'

export type AppOptions = {
  config: Config
  databaseUrl: string
  /** PostgreSQL itself, when `databaseUrl` leads to a pooler. Default: `databaseUrl`. */
  directUrl?: string
  /** The first key signs, all of them verify. */
  signingKeys: readonly [SigningKey, ...SigningKey[]]
  /** Default: no log. */
  logger?: FastifyBaseLogger
}

/** Builds the API from its plugins and routes, in the order in which their hooks run. */
export async function buildApp({
  config,
  databaseUrl,
  directUrl = databaseUrl,
  signingKeys,
  logger,
}: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: (parent, bindings, options) => new LazyLogger(parent, bindings, options),
    requestIdHeader: false,
    genReqId: requestIdOf,
    bodyLimit: config.BODY_LIMIT_BYTES,
    return503OnClosing: false,
    clientErrorHandler: clientErrorHandler(config.CORS_ORIGINS),
    ...serverOptionsOf(config),
    frameworkErrors: answerUnreadableUrl,
    routerOptions: { maxParamLength: maxHeaderSize },
    schemaController: { compilersFactory: { buildValidator } },
  }) as unknown as FastifyInstance

  await app.register(clientAddress, { proxies: config.TRUST_PROXY })
  await app.register(metrics, { ...config, service: 'api', version })
  await app.register(httpMetrics)
  await app.register(requestContext)
  await app.register(tracing)
  await app.register(requestLog)
  await app.register(errors)
  await app.register(securityHeaders)
  await app.register(cors, { origins: config.CORS_ORIGINS })
  await app.register(requestHead)
  await app.register(publicPath, { publicUrl: config.PUBLIC_URL })
  await app.register(jsonBody)
  await app.register(knownPaths)

  await app.register(db, {
    ...databaseOptions(config, databaseUrl, `${PRODUCT.name}-api`),
    acquireTimeoutMs: config.QUEUE_TIMEOUT_MS,
  })
  const keyPrefix = await findKeyPrefix(config, app.checkDatabase)
  await app.register(overload, { maxLoopDelayMs: config.EVENT_LOOP_DELAY_LIMIT_MS })
  await app.register(audit)
  await app.register(rowSecurity, { isProduction: config.NODE_ENV === 'production' })
  await app.register(auditRequests)
  await app.register(readiness, { drainSeconds: config.SHUTDOWN_DRAIN_SECONDS })

  const tokenLifetimeSeconds = config.ACCESS_TOKEN_TTL_SECONDS
  await app.register(accessTokens, {
    keys: signingKeys,
    issuer: config.PUBLIC_URL,
    lifetimeSeconds: tokenLifetimeSeconds,
  })
  await app.register(revocationList, { url: directUrl, tokenLifetimeSeconds })
  await app.register(auth)
  await app.register(rateLimit, {
    isOn: config.RATE_LIMIT === 'on',
    redisUrl: config.REDIS_URL,
    keyPrefix: config.RATE_LIMIT_KEY_PREFIX ?? `${keyPrefix}:limit:`,
  })
  await app.register(accessPolicy)
  await app.register(organizationScope)
  await app.register(passwords, {
    memoryKib: config.ARGON2_MEMORY_KIB,
    passes: config.ARGON2_PASSES,
    maxWaitMs: config.QUEUE_TIMEOUT_MS,
    breachedPasswordsUrl: config.BREACHED_PASSWORDS_URL,
  })
  await app.register(signInGuard, {
    waits: { first: config.SIGN_IN_WAIT_SECONDS, longest: config.SIGN_IN_WAIT_MAX_SECONDS },
  })
  await app.register(passwordReset)
  await app.register(invitations, {
    signingKey: signingKeys[0],
    ttlSeconds: config.INVITATION_TOKEN_TTL_SECONDS,
  })
  await app.register(sessions, {
    lifetimes: {
      absolute: config.SESSION_TTL_SECONDS,
      idle: config.REFRESH_TOKEN_TTL_SECONDS,
      grace: config.REFRESH_TOKEN_GRACE_SECONDS,
    },
    maxPerUser: config.SESSIONS_PER_USER_MAX,
  })

  await app.register(cookieSessions, {
    lifetimeSeconds: Math.min(COOKIE_SESSION_HOURS * 3600, config.SESSION_TTL_SECONDS),
    maxPerUser: config.SESSIONS_PER_USER_MAX,
  })
  await app.register(jobsDashboard, {
    mode: config.JOBS_DASHBOARD,
    publicUrl: config.PUBLIC_URL,
    redisUrl: config.REDIS_URL,
    databaseUrl: directUrl,
    keyPrefix,
  })

  await app.register(exportSlots, { perUser: config.EXPORTS_PER_USER, perProcess: config.EXPORTS_MAX })
  await app.register(slowReaders, {
    stallSeconds: config.STALLED_READER_SECONDS,
    maxUnreadBytes: config.UNREAD_ANSWERS_MAX_MB * 1_048_576,
  })
  await app.register(devInbox, config)
  await app.register(apiTags)
  await app.register(openapi, { version })
  if (config.API_DOCS === 'on') await app.register(swaggerUi)
  await app.register(staticFiles)
  await app.register(routes, {
    publicUrl: config.PUBLIC_URL,
    frontendUrl: config.FRONTEND_URL,
    securityContact: config.SECURITY_CONTACT,
    changePasswordUrl: config.CHANGE_PASSWORD_URL ?? '/forgot-password',
  })
  return app
}

const HEADERS_TIMEOUT_MS = 10_000

/** How often Node checks for slow clients. Its default is 30 seconds. */
const CONNECTIONS_CHECK_MS = 1_000

/** The default timeouts of Fastify never end a client that sends its request one byte at a time. */
function serverOptionsOf(config: Config) {
  const requestTimeout = config.REQUEST_TIMEOUT_SECONDS * 1000
  return {
    requestTimeout,
    keepAliveTimeout: config.KEEP_ALIVE_TIMEOUT_SECONDS * 1000,
    http: {
      ServerResponse: SecuredResponse,
      requireHostHeader: false,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
  }
}
