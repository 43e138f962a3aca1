import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const executablePath = process.env.CHROMIUM_PATH ?? USUAL_PLACES.find((path) => existsSync(path))

/** The `skip` option of tests that need a browser: the reason, or false. */
export const withoutBrowser: string | false =
  executablePath === undefined && 'Chromium is not installed: install it, or set CHROMIUM_PATH'

const QUIET = [
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type BrowserPage = {
  page: Page
  /**
   * Errors and warnings of the console (including CSP), exceptions and failed requests of the page
   * so far.
   */
  mistakes: string[]
}

/** Opens a page in a separate headless Chromium, which closes with the test. */
export async function openPage(
  t: Test,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<BrowserPage> {
  const browser = await launch()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ baseURL, viewport: { width: 1280, height: 900 }, ...options })
  const mistakes: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) mistakes.push(message.text())
  })
  page.on('pageerror', (error) => mistakes.push(String(error)))
  page.on('requestfailed', (request) => mistakes.push(`${request.url()} ${request.failure()?.errorText}`))
  return { page, mistakes }
}

function launch(): Promise<Browser> {
  // Chromium's sandbox does not work for root.
  const args = process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET
  return chromium.launch({ ...(executablePath !== undefined && { executablePath }), args })
}
