import type { Mail } from './layout.js'
import { layout, PRODUCT } from './layout.js'
import type { NoticeParams } from './mail-types.js'

export type FailedJobsParams = NoticeParams & { jobs: readonly { job: string; count: number }[] }

/** For whoever runs the system. What went wrong stays there: an error may quote what is nobody's business in a mailbox. */
export const failedJobs = {
  write: ({ firstName, baseUrl, jobs }: FailedJobsParams): Mail =>
    layout({
      subject: 'Some jobs have failed for good',
      firstName,
      before: [
        `These jobs of ${PRODUCT} have failed, and are not tried again by themselves:`,
        ...jobs.map(({ job, count }) => `${count} × ${job}`),
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'On the server, npm run jobs -- list --failed tells why. With retry --all instead they are tried again, and with discard --all they are forgotten. Until then you are told every week.',
      ],
    }),
}
