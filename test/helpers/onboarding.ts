import type { Test } from 'tap'
import { buildTestApp, type TestApp, type TestAppOptions } from './app.js'
import { type Mailbox, startMailbox } from './mailbox.js'
import { startTestWorker } from './worker.js'

export type Onboarding = TestApp & {
  mailbox: Mailbox
  /** The token in the next mail to the address that has a link; notices are passed over. */
  nextToken: (address: string) => Promise<string>
}

/** The whole way of an account: the API, a worker that does its jobs, and a mail server that receives what it sends. */
export async function startOnboarding(t: Test, options: TestAppOptions = {}): Promise<Onboarding> {
  const mailbox = await startMailbox(t)
  const testApp = await buildTestApp(t, { ...options, config: { ...options.config, SMTP_URL: mailbox.url } })
  await startTestWorker(t, testApp, options.logger)
  const nextToken = async (address: string): Promise<string> =>
    tokenIn((await mailbox.next(address)).text) ?? nextToken(address)
  return { ...testApp, mailbox, nextToken }
}

const tokenIn = (text: string): string | undefined => /[?&]token=([A-Za-z0-9_-]+)/.exec(text)?.[1]
