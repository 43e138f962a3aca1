import { INVITATIONS_PER_HOUR, MAILS_PER_HOUR } from '../../src/db/queries/jobs/mail-counts.js'
import type { MailKind } from '../../src/lib/jobs/jobs.js'
import { PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { type Onboarding, startOnboarding } from '../helpers/onboarding.js'
import { createOrganization } from '../helpers/organizations.js'
import t, { type Test } from '../tap.js'

const NAMES = { firstName: 'Ada', lastName: 'Test' }

const times = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Waits until all jobs are done, and counts the mails of each kind since the last call. */
function mailCounter(t: Test, { database }: Onboarding) {
  const sql = connect(t, database.ownerUrl)
  return async (): Promise<Partial<Record<MailKind, number>>> => {
    await eventually(async () => (await sql`select from outbox where done_at is null`).length === 0)
    const rows = await sql`select case job when 'send-invitation' then 'invitation'
        when 'send-failed-jobs-report' then 'failed-jobs' else payload->>'mail' end as kind, count(*)::int
      from outbox where job like 'send-%' group by 1`
    await sql`delete from outbox`
    return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
  }
}

t.test('no operation sends one mailbox more than a few mails, whoever asks for them', async (t) => {
  const onboarding = await startOnboarding(t)
  const { anonymous, signUp, nextToken } = onboarding
  const countMails = mailCounter(t, onboarding)
  const sentKinds = new Set<string>()
  /** Causes mails to one mailbox and compares their number with the limits. */
  const flood = async (
    operation: string,
    expected: Partial<Record<MailKind, number>>,
    run: () => unknown,
  ) => {
    await run()
    const counts = await countMails()
    t.strictSame(counts, expected, operation)
    for (const kind of Object.keys(counts)) sentKinds.add(kind)
  }
  const register = (email: string) =>
    anonymous.post('/auth/register', { ...NAMES, email, password: 'a password of a stranger' })

  const [owner, others] = [
    await signUp({ email: 'owner@example.com' }),
    await Promise.all(times(3).map(() => signUp())),
  ]
  const admin = await signUp({ role: 'super_admin' })

  await flood('POST /auth/register', { 'verify-email': 3, 'set-password': 3 }, async () => {
    for (const _ of times(21)) t.equal((await register('new@example.com')).status, 202)
  })
  await flood('POST /auth/resend-verification', {}, () =>
    Promise.all(
      times(20).map(() => anonymous.post('/auth/resend-verification', { email: 'new@example.com' })),
    ),
  )
  await flood('POST /auth/register, of an account', { 'already-registered': 3 }, () =>
    Promise.all(times(10).map(() => register('owner@example.com'))),
  )
  await flood('POST /auth/forgot-password', { 'reset-password': 5 }, () =>
    Promise.all(times(20).map(() => anonymous.post('/auth/forgot-password', { email: 'owner@example.com' }))),
  )
  await flood(
    'POST /me/change-email, by several accounts',
    // The notices go to three mailboxes.
    { 'confirm-email-change': 5, 'email-change-requested': 5 },
    async () => {
      for (const i of times(21)) {
        const body = { email: 'stranger@example.com', password: PASSWORD }
        t.equal((await others[i % 3]?.post('/me/change-email', body))?.status, 202)
      }
    },
  )
  await flood('POST /me/change-email, to an account', { 'email-change-requested': 5 }, async () => {
    for (const _ of times(7)) {
      await admin.post('/me/change-email', { email: 'owner@example.com', password: PASSWORD })
    }
  })
  await flood('POST /users', { 'set-password': 1 }, () =>
    admin.post('/users', { ...NAMES, email: 'made@example.com' }),
  )
  await flood('POST /auth/login', { 'sign-in-blocked': 3 }, async () => {
    const sql = connect(t, onboarding.database.ownerUrl)
    for (const _ of times(5)) {
      for (const __ of times(5)) {
        await anonymous.post('/auth/login', { email: 'owner@example.com', password: 'not the password' })
      }
      await sql`delete from sign_in_throttles`
    }
  })
  await flood('POST /me/change-password', { 'password-changed': 10 }, async () => {
    for (const i of times(12)) {
      const [currentPassword, newPassword] = [i, i + 1].map((n) =>
        n === 0 ? PASSWORD : `quiet evening no. ${n}`,
      )
      t.equal((await others[0]?.post('/me/change-password', { currentPassword, newPassword }))?.status, 204)
    }
  })

  const organization = await createOrganization(others[1] as NonNullable<(typeof others)[1]>)
  const invite = (email: string) =>
    others[1]?.post(`${organization.path}/invitations`, { email, role: 'member' })
  await flood('POST /organizations/{organizationId}/invitations', { invitation: 10 }, async () => {
    for (const _ of times(10)) t.equal((await invite('new@example.com'))?.status, 201)
    const refused = await invite('new@example.com')
    t.match(refused, { status: 429, body: { code: 'RATE_LIMITED' } })
    t.match(refused?.headers['retry-after'], /^3(600|5\d\d)$/)
  })
  const { body } = (await others[1]?.get(`${organization.path}/invitations`)) ?? {}
  t.equal(body.data.length, 1, 'the earlier invitation is still valid')
  t.equal((await invite('other@example.com'))?.status, 201, 'each mailbox has a separate count')
  const [sql, { id }] = [connect(t, onboarding.database.ownerUrl), organization]
  t.ok(id)
  await sql`update mail_counts set times = array(select now() from generate_series(1, ${INVITATIONS_PER_HOUR}::int))
    where cardinality(times) = 11`
  t.match(await invite('another@example.com'), { status: 429 }, 'each organization has a limit')
  await countMails()

  const missed = Object.keys(MAILS_PER_HOUR).filter((kind) => !sentKinds.has(kind))
  // The first is sent once for the user's own change, the second once a week.
  t.strictSame(missed, ['email-changed', 'failed-jobs'])
  t.ok(await nextToken('made@example.com'))
  t.equal((await owner.get('/me')).status, 200)
})

t.test('the owner of a mailbox gets a working link, however many mails strangers caused', async (t) => {
  const { anonymous, mailbox } = await startOnboarding(t)
  const email = 'ada@example.com'
  for (const _ of times(12)) {
    await anonymous.post('/auth/register', { ...NAMES, email, password: 'a password of a stranger' })
  }
  await anonymous.post('/auth/register', { ...NAMES, email, password: PASSWORD })
  const tokens: string[] = []
  while (tokens.length < 6) {
    const { text } = await mailbox.next(email)
    const token = /reset-password\?token=([\w-]+)/.exec(text)?.[1]
    tokens.push(token ?? '')
  }
  const token = tokens.filter(Boolean).at(-1)
  t.equal((await anonymous.post('/auth/reset-password', { token, password: PASSWORD })).status, 204)
  t.ok(await anonymous.signIn(email, PASSWORD))
})

t.test('refuses a user who requests changes of the address too often', async (t) => {
  const { signUp } = await startOnboarding(t, { config: { RATE_LIMIT: 'on' } })
  const user = await signUp()
  const ask = () => user.post('/me/change-email', { email: 'new@example.com', password: PASSWORD })
  for (const _ of times(10)) t.equal((await ask()).status, 202)
  t.match(await ask(), { status: 429, body: { code: 'RATE_LIMITED' } })
})
