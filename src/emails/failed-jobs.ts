import { PRODUCT } from '../lib/product.js'
import type { Mail } from './layout.js'
import { layout } from './layout.js'
import type { NoticeParams } from './mail-types.js'

export type FailedJobsParams = NoticeParams & { jobs: readonly { job: string; count: number }[] }

/**
 * For operators. It leaves out the errors: their messages may quote data that does not belong in a mailbox.
 */
export const failedJobs = {
  write: ({ firstName, baseUrl, jobs }: FailedJobsParams): Mail =>
    layout({
      subject: 'Some jobs have failed permanently',
      firstName,
      before: [
        `These jobs of ${PRODUCT.title} have failed and are no longer retried automatically:`,
        ...jobs.map(({ job, count }) => `${count} × ${job}`),
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'On the server, npm run jobs -- list --failed shows why. Use retry --all instead of list --failed to run them again, or discard --all to delete them. Until then you get this mail every week.',
      ],
    }),
}
