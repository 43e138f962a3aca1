import { Writable } from 'node:stream'
import { Redis } from 'ioredis'
import pino from 'pino'
import postgres from 'postgres'
import { PASSWORD } from '../helpers/app.js'
import { submitInvitation } from '../helpers/invitations.js'
import { type Backend, onEachBackend } from '../helpers/jobs.js'
import { startOnboarding } from '../helpers/onboarding.js'
import { createOrganization } from '../helpers/organizations.js'

const NEW_PASSWORD = 'another quiet sentence'
const LAST_PASSWORD = 'the last of these sentences'
const address = 'ada@example.com'
const invited = 'invited@example.com'

/** Every value of every table of a database, including the audit log and the job queue. */
async function dump(url: string): Promise<string> {
  const sql = postgres(url, { max: 1 })
  try {
    const tables = await sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`
    const rows = await Promise.all(tables.map(({ name }) => sql.unsafe(`select t::text from ${name} t`)))
    return JSON.stringify(rows)
  } finally {
    await sql.end()
  }
}

/** Every value in Redis, whatever the type of its key: jobs and the counters of limits. */
async function dumpRedis({ REDIS_URL = '', REDIS_KEY_PREFIX }: Backend): Promise<string> {
  const redis = new Redis(REDIS_URL)
  const read = `
    local all = {}
    for _, key in ipairs(redis.call('keys', '*' .. ARGV[1] .. '*')) do
      local kind = redis.call('type', key).ok
      local value = kind == 'hash' and redis.call('hgetall', key) or kind == 'list' and redis.call('lrange', key, 0, -1)
        or kind == 'zset' and redis.call('zrange', key, 0, -1) or kind == 'set' and redis.call('smembers', key)
        or kind == 'stream' and redis.call('xrange', key, '-', '+') or redis.call('get', key)
      table.insert(all, { key, value })
    end
    return all`
  try {
    return JSON.stringify(await redis.eval(read, 0, String(REDIS_KEY_PREFIX)))
  } finally {
    redis.disconnect()
  }
}

onEachBackend(
  'the database, the jobs, Redis, the audit log and the logs contain no secret that was ever issued or typed',
  async (t, backend) => {
    const lines: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = pino({ level: 'trace' }, stream)
    const { app, anonymous, nextToken, mailbox, database } = await startOnboarding(t, {
      logger,
      config: { ...backend, RATE_LIMIT: 'on' },
    })
    const secrets = new Map<string, string>(Object.entries({ PASSWORD, NEW_PASSWORD, LAST_PASSWORD }))
    const keep = (name: string, secret: string) => {
      secrets.set(name, secret)
      return secret
    }

    await anonymous.post('/auth/register', {
      email: address,
      password: PASSWORD,
      firstName: 'Ada',
      lastName: 'L',
    })
    const verification = keep('verification', await nextToken(address))
    await anonymous.request({ method: 'GET', url: `/verify-email?token=${verification}` })
    await anonymous.post(
      '/auth/verify-email',
      { token: verification },
      {
        referer: `https://api.example.com/verify-email?token=${verification}`,
      },
    )
    await anonymous.post('/auth/login', { email: address, password: 'a wrong but secret sentence' })
    keep('wrong password', 'a wrong but secret sentence')
    const user = await anonymous.signIn(address, PASSWORD)
    keep('access', String(user.user?.accessToken))
    const refreshed = await anonymous.post('/auth/refresh', {
      refreshToken: keep('refresh', String(user.user?.refreshToken)),
    })
    keep('second refresh', refreshed.body.refreshToken)
    keep('second access', refreshed.body.accessToken)
    await user.post('/me/change-password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD })
    await anonymous.post('/auth/forgot-password', { email: address })
    await mailbox.next(address)
    const reset = keep('reset', await nextToken(address))
    await anonymous.request({ method: 'GET', url: `/reset-password?token=${reset}` })
    await user.patch('/me', { firstName: 'Grace' })
    await anonymous.post('/auth/reset-password', { token: reset, password: 'short', nonsense: reset })
    await anonymous.post('/auth/reset-password', { token: reset, password: LAST_PASSWORD })
    await mailbox.next(address)

    const admin = await anonymous.signIn(address, LAST_PASSWORD)
    keep('third refresh', String(admin.user?.refreshToken))
    const organization = await createOrganization(admin)
    await admin.post(`${organization.path}/invitations`, { email: invited, role: 'member' })
    const invitation = keep('invitation', await nextToken(invited))
    await anonymous.request({ method: 'GET', url: `/accept-invitation?token=${invitation}` })
    const account = {
      firstName: 'New',
      lastName: 'One',
      password: keep('typed password', 'typed by the invited'),
    }
    await anonymous.post('/invitations/accept', { token: invitation, ...account, password: 'short' })
    await anonymous.post('/invitations/accept', { token: invitation, ...account, nonsense: invitation })
    await submitInvitation(anonymous, { token: invitation, ...account, passwordRepeat: 'not the same one' })
    keep('other password', 'not the same one')
    await anonymous.post('/invitations/accept', { token: invitation, ...account })
    await admin.post(`${organization.path}/invitations`, { email: 'open@example.com', role: 'member' })
    keep('open invitation', await nextToken('open@example.com'))

    // Sends the secrets in places where no operation expects one.
    for (const secret of secrets.values()) {
      if (/\s/.test(secret)) continue
      const headers = {
        'x-anything': secret,
        'user-agent': `agent ${secret}`,
        referer: `https://x.example/${secret}`,
      }
      for (const url of [`/api/v1/nowhere/${secret}`, `/api/v1/me?ref=${secret}`, `/${secret}?${secret}=1`])
        await anonymous.request({ method: 'DELETE', url, headers })
      await anonymous.post('/auth/login', { email: address, password: LAST_PASSWORD }, headers)
    }
    for (const secret of secrets.values())
      await anonymous.post('/auth/login', { email: secret, password: secret })
    await app.settleAuditRequests()
    const stored = await dump(database.adminUrl)
    const queued = backend.REDIS_URL === undefined ? undefined : await dumpRedis(backend)
    if (queued !== undefined) t.match(queued, /limit:.*send-link/s, 'Redis holds limits and jobs')
    const logged = lines.join('')
    t.ok(logged.length > 1000 && stored.length > 1000, 'the log and the database are not empty')
    for (const [name, secret] of secrets) {
      t.notOk(stored.includes(secret), `the database holds no ${name}`)
      t.notOk(queued?.includes(secret), `Redis holds no ${name}`)
      t.notOk(logged.includes(secret), `the log holds no ${name}`)
    }
  },
)
