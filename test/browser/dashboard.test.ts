import type { Locator, Page } from 'playwright-core'
import { PASSWORD } from '../helpers/app.js'
import { openPage, withoutBrowser } from '../helpers/browser.js'
import { ADMIN, BOARD, buildDashboard, runJobs } from '../helpers/dashboard.js'
import { eventually } from '../helpers/eventually.js'
import { type Backend, onEachBackend } from '../helpers/jobs.js'
import t, { type Test } from '../tap.js'

const QUEUE = `${BOARD}/queue/jobs`

/**
 * Errors that are no mistakes: expected answers of 400 and above, aborted requests of a reload,
 * unused preloads.
 */
const EXPECTED = /^Failed to load resource|net::ERR_ABORTED$|was preloaded using link preload but not used/

type Options = Backend & { JOBS_DASHBOARD?: 'read-write' }

async function openDashboard(t: Test, config: Options = {}) {
  const built = await buildDashboard(t, { config })
  const failedId = await runJobs(t, built)
  const opened = await openPage(t, await built.app.listen({ port: 0, host: '127.0.0.1' }))
  const mistakes = () => opened.mistakes.filter((text) => !EXPECTED.test(text))
  return { ...built, ...opened, mistakes, failedId }
}

async function signIn(page: Page, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail address').fill(ADMIN)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const confirm = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Confirm', exact: true }).click()

const pathOf = (page: Page): string => new URL(page.url()).pathname

if (withoutBrowser) t.pass(withoutBrowser)
else {
  onEachBackend('an administrator signs in, views the jobs and signs out', async (t, backend) => {
    const { page, mistakes, failedId } = await openDashboard(t, backend)
    await page.goto(`${QUEUE}?status=failed`)
    t.equal(pathOf(page), '/admin/sign-in')
    await signIn(page, 'not the password at all')
    t.match(
      await page.getByRole('main').textContent(),
      /wrong, or the account is not an administrator account/,
    )
    t.equal(await page.getByLabel('Password').inputValue(), '')
    await signIn(page)

    await page.getByText('fly-to-the-moon', { exact: true }).waitFor()
    t.equal(pathOf(page), QUEUE, 'returns to the page that was requested first')
    await page.getByText('There is no job fly-to-the-moon').first().waitFor()
    t.equal(
      await page.getByRole('button', { name: /retry/i }).count(),
      0,
      'offers no change in read-only mode',
    )
    await page.goto(`${QUEUE}/${failedId}`)
    await page.getByText('Data', { exact: true }).click()
    await page.getByText('userId').waitFor()
    t.notMatch(await page.locator('body').textContent(), /a-secret-by-its-name/)
    await page.goto(`${BOARD}/job-schedulers`)
    await page.getByText('37 3 * * *').waitFor()
    t.strictSame(await page.evaluate('document.cookie'), '', 'scripts cannot read the cookie')
    t.strictSame(mistakes(), [])

    const [cookie] = await page.context().cookies()
    t.match(cookie, { httpOnly: true, secure: true, sameSite: 'Strict', path: '/', domain: '127.0.0.1' })
    await page.goto('/admin/sign-out')
    t.match(await page.getByRole('main').textContent(), ADMIN)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Password').waitFor()
    t.strictSame(await page.context().cookies(), [])
    await page.goto(BOARD)
    t.equal(pathOf(page), '/admin/sign-in')
    t.strictSame(mistakes(), [])
  })

  t.test('returns to the sign-in page, without a click, after the session ends elsewhere', async (t) => {
    const { page, mistakes, admin } = await openDashboard(t)
    await page.goto(QUEUE)
    await signIn(page)
    await page.getByText('fly-to-the-moon', { exact: true }).waitFor()
    // A script that is still loading would be refused after the sign-out, as it should be.
    await page.waitForLoadState('networkidle')
    t.equal((await admin.delete('/me/sessions')).status, 204)
    await page.waitForURL(/sign-in/)
    t.equal(new URL(page.url()).searchParams.get('next'), QUEUE)
    t.strictSame(mistakes(), [])
    await signIn(page)
    await page.getByText('fly-to-the-moon', { exact: true }).waitFor()
  })

  onEachBackend('failed jobs can be retried and discarded with a button', async (t, backend) => {
    const { page, mistakes, app } = await openDashboard(t, { ...backend, JOBS_DASHBOARD: 'read-write' })
    const retriedAt = async () =>
      (await app.checkDatabase((sql) => sql`select retried_at from outbox where failed_at is not null`)).at(0)
        ?.retried_at
    await page.goto(`${QUEUE}?status=failed`)
    await signIn(page)
    await page.getByText('fly-to-the-moon', { exact: true }).waitFor()
    t.equal(await retriedAt(), null)
    await page.getByRole('button', { name: 'Retry all' }).click()
    await confirm(page)
    await eventually(retriedAt)
    await page.reload()
    await page.getByText('fly-to-the-moon', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Clean all' }).click()
    await confirm(page)
    await eventually(
      async () =>
        (await app.checkDatabase((sql) => sql`select from outbox where failed_at is not null`)).length === 0,
    )
    await eventually(async () => (await page.getByText('fly-to-the-moon', { exact: true }).count()) === 0)
    t.strictSame(mistakes(), [])
  })

  t.test('shows a button for each allowed action and none for refused ones', async (t) => {
    const { page, mistakes, failedId } = await openDashboard(t, { JOBS_DASHBOARD: 'read-write' })
    const ofJobs = page.locator('ul[class^="jobActions-"]')
    const ofStatus = page.locator('ul[class^="queueActions-"]')
    const visible = (scope: Locator) => scope.locator('button:visible').count()
    const open = async (path: string, text: string) => {
      await page.goto(path)
      if (pathOf(page) !== new URL(path, page.url()).pathname) await signIn(page)
      await page.getByText(text).first().waitFor()
    }
    await open(`${QUEUE}?status=failed`, 'fly-to-the-moon')
    t.strictSame([await visible(ofJobs), await visible(ofStatus)], [2, 2], 'buttons to retry and clean')
    await page.locator('button[class^="trigger-"]').click()
    await page.getByRole('menuitem', { name: 'Pause' }).waitFor()
    const items = page.locator('[role="menuitem"]')
    t.equal(await items.count(), 6)
    t.strictSame(await page.locator('[role="menuitem"]:visible').allTextContents(), [
      'Retry all 1 failed jobs',
      'Pause',
    ])
    await open(`${QUEUE}/${failedId}`, 'fly-to-the-moon')
    t.equal(await visible(ofJobs), 2)
    await open(`${QUEUE}?status=completed`, 'request-verification')
    t.strictSame([await visible(ofJobs), await visible(ofStatus)], [0, 0])
    await open(`${QUEUE}?status=delayed`, 'repeat:')
    const delayed = await ofJobs.count()
    t.ok(delayed > 0)
    t.strictSame(
      [await visible(ofJobs), await visible(ofStatus)],
      [delayed, 1],
      'buttons to promote each job and all',
    )
    await open(`${BOARD}/job-schedulers`, '37 3 * * *')
    t.equal(await page.locator('td[class^="actionsCell-"] button:visible').count(), 0)
    t.ok(await page.locator('td[class^="actionsCell-"] button').count())
    t.strictSame(mistakes(), [])
  })
}
