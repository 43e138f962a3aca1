import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { type OrganizationScope, withOrganization, withPublicOrganization } from '../../db/tenancy/scopes.js'
import { recordOrganization } from '../../lib/audit/context.js'
import type { Permission } from '../../lib/auth/permissions.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What a route below `/organizations/:organizationId` does, which decides who may call it: see
     * `lib/auth/permissions.ts`. Required there, and not allowed on other routes.
     */
    permission?: Permission
  }
  interface FastifyRequest {
    /**
     * Runs the work of such a route, in one transaction that is limited to this organization. On a public
     * route it can only read.
     *
     * @throws {NotFound} when the organization does not exist, or the caller is not a member
     * @throws {Forbidden} when the caller's role lacks the permission
     */
    inOrganization: <T>(work: (scope: OrganizationScope) => Promise<T>) => Promise<T>
  }
}

const ORGANIZATION_PATH = '/organizations/:organizationId'

/** Refuses to start the server with a route of an organization that declares no permission. */
function checkDeclaration({ method, url, config }: RouteOptions): void {
  if (config?.public || url.includes(ORGANIZATION_PATH) === (config?.permission !== undefined)) return
  throw new Error(
    `${method} ${url}: routes below ${ORGANIZATION_PATH}, and only these, have config.permission`,
  )
}

async function organizationScope(app: FastifyInstance) {
  app.addHook('onRoute', checkDeclaration)
  app.decorateRequest('inOrganization', function inOrganization(this: FastifyRequest, work) {
    const { organizationId } = this.params as { organizationId: string }
    const { permission, public: isPublic } = this.routeOptions.config
    recordOrganization(organizationId)
    if (isPublic) return withPublicOrganization(app.db, organizationId, work)
    if (!permission) throw new Error(`${this.routeOptions.url} has no config.permission`)
    return withOrganization(app.db, this.user, organizationId, permission, work)
  })
}

export default fp(organizationScope, { name: 'organization-scope', dependencies: ['db', 'auth'] })
