import type { FastifyInstance } from 'fastify'
import { Organization } from '../lib/schema/organization-schemas.js'
import { User } from '../lib/schema/user-schemas.js'
import strictInput from '../plugins/http/strict-input.js'
import auditLogRoutes from './audit-logs/index.js'
import auditRequestRoutes from './audit-requests/index.js'
import authRoutes from './auth/index.js'
import invitationRoutes from './invitations/index.js'
import meRoutes from './me/index.js'
import methodNotAllowedRoutes from './method-not-allowed/index.js'
import metricsRoutes from './metrics/index.js'
import organizationRoutes from './organizations/index.js'
import pageRoutes from './pages/index.js'
import projectRoutes from './projects/index.js'
import systemRoutes, { type SystemOptions } from './system/index.js'
import wellKnownRoutes, { type WellKnownOptions } from './system/well-known.js'
import userRoutes from './users/index.js'

export type RouteOptions = SystemOptions & WellKnownOptions

/** Registers all routes. A route needs a signed-in user unless its config says `public: true`. */
export default async function routes(app: FastifyInstance, options: RouteOptions) {
  app.addSchema(User)
  app.addSchema(Organization)
  await app.register(describedRoutes, options)
  if (app.jobsDashboard) await app.register(import('./admin/index.js'), { dashboard: app.jobsDashboard })
  await app.register(methodNotAllowedRoutes)
}

async function describedRoutes(app: FastifyInstance, options: RouteOptions) {
  await app.register(strictInput)
  if (app.metricsToken) await app.register(metricsRoutes, { prefix: '/metrics', token: app.metricsToken })
  await app.register(pageRoutes)
  if (app.devInbox)
    await app.register(import('./dev-mail/index.js'), {
      prefix: '/dev/mail',
      inbox: app.devInbox,
      ...options,
    })
  await app.register(apiRoutes, { prefix: '/api/v1' })
  await app.register(systemRoutes, options)
  await app.register(wellKnownRoutes, options)
}

async function apiRoutes(api: FastifyInstance) {
  await api.register(authRoutes, { prefix: '/auth' })
  await api.register(meRoutes, { prefix: '/me' })
  await api.register(userRoutes, { prefix: '/users' })
  await api.register(organizationRoutes, { prefix: '/organizations' })
  await api.register(invitationRoutes, { prefix: '/invitations' })
  await api.register(auditLogRoutes, { prefix: '/audit-logs' })
  await api.register(auditRequestRoutes, { prefix: '/audit-requests' })
  await api.register(projectRoutes, { prefix: '/organizations/:organizationId/projects' })
}
