/** The buckets suit mails, short queries and a few batches. */
export const JOB_DURATION = {
  name: 'app_job_duration_seconds',
  help: 'Attempts to run jobs by name and outcome: done, failed (to be retried) or dead (not retried).',
  // Not `job`, a label that Prometheus sets itself to the scraped job.
  labels: ['job_name', 'outcome'],
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
}

export const MAILS = {
  name: 'app_mails_total',
  help: 'Mails by outcome: sent, failed (to be retried) or refused permanently.',
  labels: ['outcome'],
}
