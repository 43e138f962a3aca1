/** What a proxy in front decides: who the client is, and the path before every address. */
import { pino } from 'pino'
import t from 'tap'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'

const lines: { url?: string; ip?: string }[] = []
const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })

const { app, anonymous, signUp, database } = await buildTestApp(t, {
  config: { RATE_LIMIT: 'on', TRUST_PROXY: ['127.0.0.1'] },
  logger,
})
const sql = connect(t, database.ownerUrl)

t.test('a client is one client whatever port or zone its address comes with', async (t) => {
  const left = async (forwardedFor: string) => {
    const { headers } = await app.inject({ url: '/nothing', headers: { 'x-forwarded-for': forwardedFor } })
    return Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1])
  }
  const spellings = {
    '203.0.113.9': ['203.0.113.9:40001', '203.0.113.9:40002', '::ffff:203.0.113.9', '[::ffff:203.0.113.9]:1'],
    '2001:db8::1': ['[2001:db8::1]:443', '[2001:db8::1]:444', '2001:DB8:0::1', '2001:db8::1%eth0'],
    'no address': ['unknown', 'x1', 'x2', '203.0.113.9.1'],
  }
  for (const [name, texts] of Object.entries(spellings)) {
    const first = await left(name)
    const others: number[] = []
    for (const text of texts) others.push(await left(text))
    t.strictSame(
      others,
      texts.map((_, i) => first - 1 - i),
      name,
    )
  }
})

t.test('sessions, the log and the audit log name it without its port', async (t) => {
  const { user } = await signUp()
  const headers = { 'x-forwarded-for': '203.0.113.77:40001' }
  const { body } = await anonymous.post('/auth/login', { email: user?.email, password: PASSWORD }, headers)
  const bearer = { authorization: `Bearer ${body.accessToken}` }
  const { data } = (await anonymous.get('/me/sessions', bearer)).body
  t.ok(data.some(({ ip }: { ip: string }) => ip === '203.0.113.77'))
  await app.settleAuditRequests()
  const records = await sql`select distinct ip from audit.audit_requests where event = 'sign_in'`
  t.ok(records.some(({ ip }) => ip === '203.0.113.77'))
  const logged = lines.filter(({ ip = '' }) => ip.includes('203.0.113.77')).map(({ ip }) => ip)
  t.ok(logged.length > 0)
  t.strictSame(new Set(logged), new Set(['203.0.113.77']))
})
