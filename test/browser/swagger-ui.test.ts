import { PRODUCT } from '../../src/lib/product.js'
import { buildTestApp } from '../helpers/app.js'
import { openPage, withoutBrowser } from '../helpers/browser.js'
import t from '../tap.js'

t.test(
  'the documentation signs in with a token and calls an operation',
  { skip: withoutBrowser },
  async (t) => {
    const { app, signUp } = await buildTestApp(t)
    const { user } = await signUp({ email: 'ada@example.com' })
    const { page, mistakes } = await openPage(t, await app.listen({ host: '127.0.0.1', port: 0 }))

    await page.goto('/')
    t.equal(new URL(page.url()).pathname, '/api-docs')
    t.equal(await page.title(), `${PRODUCT.title} API`)
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const dialog = page.locator('.dialog-ux')
    await dialog.getByRole('textbox').fill(user?.accessToken ?? '')
    await dialog.getByRole('button', { name: 'Apply credentials' }).click()
    await dialog.getByRole('button', { name: 'Close' }).click()

    const operation = page.locator('#operations-My_account-getMe')
    await operation.getByRole('button', { name: /get/i }).first().click()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table')
    await answer.waitFor()
    t.equal(await answer.locator('tbody .response-col_status').first().textContent(), '200')
    const body = JSON.parse(
      (await answer.locator('.response-col_description code').first().textContent()) ?? '',
    )
    t.match(body, { id: user?.id, email: 'ada@example.com', role: 'user' })
    t.strictSame(mistakes, [])
  },
)
