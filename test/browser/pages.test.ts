import type { BrowserContextOptions, Page } from 'playwright-core'
import { buildTestApp } from '../helpers/app.js'
import { openPage, withoutBrowser } from '../helpers/browser.js'
import { invite } from '../helpers/invitations.js'
import { mailToken } from '../helpers/mailed-token.js'
import { createOrganization } from '../helpers/organizations.js'
import t, { type Test } from '../tap.js'

const ADDRESS = 'ada.lovelace@example.com'
const INVITED = 'grace.hopper@example.com'
const NEW_PASSWORD = 'marble otter and seven bells'
const skip = withoutBrowser

/** Opens a browser, without JavaScript by default, and creates a link for each page. */
async function openLinks(t: Test, options: BrowserContextOptions = { javaScriptEnabled: false }) {
  const { app, anonymous, signUp } = await buildTestApp(t)
  const client = await signUp({ email: ADDRESS })
  const { user } = client
  const mailed = { userId: user?.id ?? '', email: ADDRESS }
  const verify = `/verify-email?token=${await mailToken(app, { ...mailed, purpose: 'verify_email' })}`
  const reset = `/reset-password?token=${await mailToken(app, { ...mailed, purpose: 'reset_password' })}`
  const organization = await createOrganization(client, 'Analytical Engines')
  const accept = `/accept-invitation?token=${await invite(client, organization, INVITED)}`
  const opened = await openPage(t, await app.listen({ port: 0, host: '127.0.0.1' }), options)
  // The console reports every answer of 400 and above; these pages expect some of them.
  const mistakes = () => opened.mistakes.filter((text) => !text.startsWith('Failed to load resource'))
  return { ...opened, mistakes, anonymous, verify, reset, accept, organization }
}

t.test('confirms an address by keyboard alone and offers the next step', { skip }, async (t) => {
  const { page, mistakes, verify } = await openLinks(t)
  await page.goto(verify)
  t.ok(await page.getByRole('main').getByText(ADDRESS).isVisible())
  await page.keyboard.press('Tab')
  t.equal(await focused(page).textContent(), 'Confirm this address')
  await answered(page, () => page.keyboard.press('Enter'))
  t.ok(await page.getByRole('heading', { level: 1, name: 'Your address is confirmed' }).isVisible())
  t.equal(new URL(page.url()).search, '', 'the token is removed from the address')
  t.ok(await page.getByRole('link', { name: 'Sign in' }).isVisible())

  t.equal((await page.goto(verify))?.status(), 400)
  t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'This link is no longer valid')
  t.strictSame(mistakes(), [])
})

t.test('asks for a new password twice and shows mistakes at their field', { skip }, async (t) => {
  const { page, mistakes, anonymous, reset } = await openLinks(t)
  await page.goto(reset)
  const password = page.getByLabel('New password')
  const repeat = page.getByLabel('Repeat the password')
  const send = () => answered(page, () => page.getByRole('button').click())
  t.match(await descriptionOf(page, 'password'), /12 to 128 characters/)

  await password.fill('too short')
  await page.getByRole('button').click()
  t.equal(await password.inputValue(), 'too short', 'the browser holds back the form and keeps its values')

  await password.fill(NEW_PASSWORD)
  await repeat.fill(`${NEW_PASSWORD}!`)
  await send()
  t.match(await page.title(), /^Error: /)
  t.equal(await focused(page).getAttribute('name'), 'password')
  t.match(await descriptionOf(page, 'password'), /12 to 128 characters.* differ/)
  t.match(await descriptionOf(page, 'passwordRepeat'), /differ/)
  t.strictSame([await password.inputValue(), await repeat.inputValue()], ['', ''])

  await password.fill('x'.repeat(300))
  await repeat.fill('x'.repeat(300))
  await send()
  t.equal(await focused(page).getAttribute('name'), 'password')
  t.match(await descriptionOf(page, 'password'), /12 to 128 characters.* too long/)

  await password.fill(NEW_PASSWORD)
  await repeat.fill(NEW_PASSWORD)
  await answered(page, () => repeat.press('Enter'))
  t.ok(await page.getByRole('heading', { level: 1, name: 'Your password is set' }).isVisible())
  t.ok(await anonymous.signIn(ADDRESS, NEW_PASSWORD))
  t.strictSame(mistakes(), [])
})

t.test(
  'accepts an invitation with a new account, after a mistake, without JavaScript',
  { skip },
  async (t) => {
    const { page, mistakes, anonymous, accept, organization } = await openLinks(t)
    await page.goto(accept)
    t.ok(await page.getByRole('main').getByText('Analytical Engines').isVisible())
    const send = () => answered(page, () => page.getByRole('button').click())
    await page.getByLabel('First name').fill('Grace')
    await page.getByLabel('Last name').fill('\u00a0')
    await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
    await page.getByLabel('Repeat the password').fill(NEW_PASSWORD)
    await send()
    t.match(await page.title(), /^Error: /)
    t.equal(await focused(page).getAttribute('name'), 'lastName')
    t.match(await descriptionOf(page, 'lastName'), /Enter a name/)
    t.equal(await page.getByLabel('First name').inputValue(), 'Grace', 'keeps the names')

    await page.getByLabel('Last name').fill('Hopper')
    await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
    await page.getByLabel('Repeat the password').fill(NEW_PASSWORD)
    await send()
    t.ok(await page.getByRole('heading', { level: 1, name: 'You have joined' }).isVisible())
    t.equal(new URL(page.url()).search, '')
    const grace = await anonymous.signIn(INVITED, NEW_PASSWORD)
    t.equal((await grace.get(organization.path)).status, 200)
    t.strictSame(mistakes(), [])
  },
)

t.test('the sign-in link opens the sign-in operation of the documentation', { skip }, async (t) => {
  const { page, verify } = await openLinks(t, {})
  await page.goto(verify)
  await page.getByRole('button').click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator('#operations-Authentication-signIn.is-open').waitFor()
  t.pass('the operation is open')
})

for (const colorScheme of ['light', 'dark'] as const) {
  t.test(`pages are readable on a small and ${colorScheme} screen`, { skip }, async (t) => {
    const viewport = { width: 320, height: 640 }
    const { page, verify, reset, accept } = await openLinks(t, {
      javaScriptEnabled: false,
      colorScheme,
      viewport,
    })
    const readable = async (screen: string) => {
      t.strictSame(await faintTexts(page), [], `${screen}: every text has enough contrast`)
      t.ok((await overflow(page)) <= 0, `${screen}: does not scroll sideways`)
      await page.locator('html').evaluate((html) => {
        html.style.fontSize = '200%'
      })
      t.ok((await overflow(page)) <= 0, `${screen}: does not scroll sideways with text twice as large`)
    }
    for (const link of [verify, reset, accept, '/verify-email', '/verify-email?else=1']) {
      await page.goto(link)
      await readable(link)
    }
    await page.goto(reset)
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    await page.getByLabel('Repeat the password').fill(NEW_PASSWORD.toUpperCase())
    await answered(page, () => page.getByRole('button').click())
    await readable('after a mistake')
    await page.goto(verify)
    await answered(page, () => page.getByRole('button').click())
    await readable('done')
  })
}

/** Sends a form and waits until the answering page is fully loaded. */
async function answered(page: Page, send: () => Promise<void>): Promise<void> {
  const loaded = page.waitForEvent('load')
  await send()
  await loaded
}

const focused = (page: Page) => page.locator(':focus')

/** The description that a screen reader adds to the label. */
async function descriptionOf(page: Page, id: string): Promise<string> {
  const ids = (await page.locator(`#${id}`).getAttribute('aria-describedby'))?.split(' ') ?? []
  const texts = await Promise.all(ids.map((each) => page.locator(`#${each}`).textContent()))
  return texts.join(' ')
}

const overflow = (page: Page): Promise<number> =>
  page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)

/** Texts whose contrast to their background is below 4.5 (WCAG 2.2, 1.4.3). */
async function faintTexts(page: Page): Promise<string[]> {
  const texts = await page.locator('body :not(:empty)').evaluateAll((elements) => {
    const styleOf = elements[0]?.ownerDocument.defaultView?.getComputedStyle
    return elements.map((element) => {
      let behind = element
      while (styleOf(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
      const { color } = styleOf(element)
      return { text: String(element.textContent), color, ground: styleOf(behind).backgroundColor }
    })
  })
  return texts.filter(({ color, ground }) => contrast(color, ground) < 4.5).map(({ text }) => text)
}

function contrast(...colors: [string, string]): number {
  const [darker = 0, lighter = 0] = colors.map(luminanceOf).sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminanceOf(color: string): number {
  const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((channel) => {
    const part = Number(channel) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
