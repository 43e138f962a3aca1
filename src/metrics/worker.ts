/** Jobs are mails and short queries, and a few of them batches. */
export const JOB_DURATION = {
  name: 'groundwork_job_duration_seconds',
  help: 'Attempts at jobs by name and outcome: done, failed (and tried again), or dead (and not).',
  // Not `job`, which Prometheus sets itself, to what it scrapes.
  labels: ['job_name', 'outcome'],
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
}

export const MAILS = {
  name: 'groundwork_mails_total',
  help: 'Mails by outcome: sent, failed (and tried again), or refused for good.',
  labels: ['outcome'],
}
