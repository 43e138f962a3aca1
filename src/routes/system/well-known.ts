import type { FastifyPluginAsync } from 'fastify'

export type WellKnownOptions = {
  publicUrl: string
  /** Where to report a vulnerability, as URIs. Empty: there is no `security.txt`. */
  securityContact: readonly string[]
  changePasswordUrl: string
}

const config = { public: true } as const
const hide = true

/** RFC 9116 recommends less than a year. The date moves on for as long as the server runs. */
const CONTACT_VALID_DAYS = 180
const DAY_MS = 86_400_000

const midnightIn = (days: number): string => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
  return new Date(today + days * DAY_MS).toISOString()
}

/** For browsers, password managers, and people who have found a vulnerability. */
const wellKnownRoutes: FastifyPluginAsync<WellKnownOptions> = async (app, options) => {
  const { publicUrl, securityContact, changePasswordUrl } = options
  const path = '/.well-known/security.txt'

  if (securityContact.length > 0) {
    app.get(path, { schema: { hide }, config }, async function getSecurityContact(_request, reply) {
      const lines = [
        ...securityContact.map((contact) => `Contact: ${contact}`),
        `Expires: ${midnightIn(CONTACT_VALID_DAYS)}`,
        `Canonical: ${publicUrl}${path}`,
      ]
      return reply.type('text/plain; charset=utf-8').send(`${lines.join('\n')}\n`)
    })
  }

  // https://w3c.github.io/webappsec-change-password-url/
  app.get(
    '/.well-known/change-password',
    { schema: { hide }, config },
    async function leadToChange(_, reply) {
      return reply.redirect(changePasswordUrl)
    },
  )
}

export default wellKnownRoutes
