import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { type OrganizationScope, withOrganization } from '../../db/tenancy/scopes.js'
import { recordOrganization } from '../../lib/audit/context.js'
import type { Permission } from '../../lib/auth/permissions.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route below `/organizations/:organizationId` does there: who may, is in `lib/permissions.ts`. */
    permission?: Permission
  }
  interface FastifyRequest {
    /**
     * Does the work of such a route, in one transaction that sees this organization alone.
     * Throws NotFound to who is no member, and Forbidden to a member who may not.
     */
    inOrganization: <T>(work: (scope: OrganizationScope) => Promise<T>) => Promise<T>
  }
}

const OF_AN_ORGANIZATION = '/organizations/:organizationId'

/** A route of an organization that says of nobody that he may use it does not start. */
function checkDeclaration({ method, url, config }: RouteOptions): void {
  if (config?.public || url.includes(OF_AN_ORGANIZATION) === (config?.permission !== undefined)) return
  throw new Error(
    `${method} ${url}: routes below ${OF_AN_ORGANIZATION}, and only these, have config.permission`,
  )
}

async function organizationScope(app: FastifyInstance) {
  app.addHook('onRoute', checkDeclaration)
  app.decorateRequest('inOrganization', function inOrganization(this: FastifyRequest, work) {
    const { organizationId } = this.params as { organizationId: string }
    const { permission } = this.routeOptions.config
    if (!permission) throw new Error(`${this.routeOptions.url} has no config.permission`)
    recordOrganization(organizationId)
    return withOrganization(app.db, this.user, organizationId, permission, work)
  })
}

export default fp(organizationScope, { name: 'organization-scope', dependencies: ['db', 'auth'] })
