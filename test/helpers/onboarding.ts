import type { Test } from 'tap'
import { buildTestApp, type TestApp, type TestAppOptions } from './app.js'
import { type Mailbox, startMailbox } from './mailbox.js'
import { startTestWorker } from './worker.js'

export type Onboarding = TestApp & {
  mailbox: Mailbox
  /** The token in the next mail with a link to the address; other mails are skipped. */
  nextToken: (address: string) => Promise<string>
}

/** Starts the API, a worker that runs its jobs, and a mail server that receives the mails. */
export async function startOnboarding(t: Test, options: TestAppOptions = {}): Promise<Onboarding> {
  const mailbox = await startMailbox(t)
  const testApp = await buildTestApp(t, { ...options, config: { ...options.config, SMTP_URL: mailbox.url } })
  await startTestWorker(t, testApp, options.logger)
  const nextToken = async (address: string): Promise<string> =>
    tokenIn((await mailbox.next(address)).text) ?? nextToken(address)
  return { ...testApp, mailbox, nextToken }
}

const tokenIn = (text: string): string | undefined => /[?&]token=([A-Za-z0-9_-]+)/.exec(text)?.[1]
