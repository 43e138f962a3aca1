import { performance } from 'node:perf_hooks'
import type { Reading } from '../lib/observability/metrics.js'

export type Service = { name: 'api' | 'worker'; version: string }

export const processReadings = ({ name, version }: Service): Reading[] => [
  {
    name: 'app_build_info',
    help: 'The running service, version and Node.js; always 1.',
    type: 'gauge',
    labels: ['service', 'version', 'node'],
    read: () => [{ value: 1, labels: { service: name, version, node: process.version } }],
  },
  {
    name: 'nodejs_eventloop_time_seconds_total',
    help: 'How long the event loop was active and idle. The rate of the active time is its utilization.',
    type: 'counter',
    labels: ['nodejs_eventloop_state'],
    read: () => {
      const { active, idle } = performance.eventLoopUtilization()
      return [
        { value: active / 1000, labels: { nodejs_eventloop_state: 'active' } },
        { value: idle / 1000, labels: { nodejs_eventloop_state: 'idle' } },
      ]
    },
  },
]
