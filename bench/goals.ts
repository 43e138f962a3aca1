/** What is measured, in which unit, and where it should be. Nothing else states a goal. */
export type Goal = {
  what: string
  /** `times`: the ratio to the other side of the same run. */
  unit: 'times' | 'µs' | 'ms' | 's' | 'bytes' | 'MiB' | 'modules' | '%' | 'z'
  atMost?: Wanted
  atLeast?: Wanted
  /** The name of the measurement, as in `npm run bench -- me`. */
  bench: string
  /** The quick round leaves it out. */
  isLong?: true
}

/** By the major version of Node, where it differs. Versions between take the goal of the one before. */
export type Wanted = number | { 20: number; 24: number }

const cpu = (what: string) => `${what}, CPU a request against the bare server`
const perSecond = (what: string) => `${what}, requests a second against the bare server`
const expert = (what: string) => `${what}, CPU a request against the expert's server`
const throughput = (clients: string) => `audited write of a row, throughput against none, ${clients}`

export const goals = {
  meCpu: { what: cpu('GET /me'), unit: 'times', atMost: { 20: 1.25, 24: 1.35 }, bench: 'me' },
  meExpert: { what: expert('GET /me'), unit: 'times', atMost: 0.95, bench: 'me' },
  mePerSecond: { what: perSecond('GET /me'), unit: 'times', atLeast: 0.8, bench: 'me' },
  listCpu: { what: cpu('list of 50'), unit: 'times', atMost: { 20: 0.95, 24: 1.05 }, bench: 'list' },
  listExpert: { what: expert('list of 50'), unit: 'times', atMost: 0.95, bench: 'list' },
  listPerSecond: { what: perSecond('list of 50'), unit: 'times', atLeast: 0.85, bench: 'list' },
  writeCpu: { what: cpu('audited PATCH /me'), unit: 'times', atMost: { 20: 2, 24: 2.1 }, bench: 'write' },
  writePerSecond: { what: perSecond('audited PATCH /me'), unit: 'times', atLeast: 0.6, bench: 'write' },
  promoted: {
    what: 'GET /me, promoted to old space a request',
    unit: 'bytes',
    atMost: 150,
    bench: 'promoted',
  },

  auditOneClient: { what: throughput('1 client'), unit: 'times', atLeast: 0.8, bench: 'audit' },
  auditManyClients: { what: throughput('32 clients'), unit: 'times', atLeast: 0.7, bench: 'audit' },
  auditCpu: { what: 'audited write of a row, CPU against none', unit: 'times', atMost: 2, bench: 'audit' },
  auditWrapper: {
    what: 'audited write of a row, throughput against a wrapper',
    unit: 'times',
    atLeast: 1.5,
    bench: 'audit',
  },
  auditBulk: { what: 'audited write of 1,000 rows, CPU added a row', unit: 'µs', atMost: 30, bench: 'audit' },
  auditSearch: {
    what: 'slowest search of the audit log against a look-up by id',
    unit: 'times',
    atMost: 50,
    bench: 'audit-search',
    isLong: true,
  },

  limited: {
    what: "limited request, CPU against the plugin's own store",
    unit: 'times',
    atMost: 1.05,
    bench: 'rate-limit',
  },
  limitKey: { what: 'key of a limit in Redis', unit: 'bytes', atMost: 1500, bench: 'rate-limit' },
  tenancy: {
    what: 'list in a scope, CPU against a look-up of the membership',
    unit: 'times',
    atMost: 1.15,
    bench: 'tenancy',
  },
  signUp: {
    what: 'sign-up with its job, CPU against adding it after the commit',
    unit: 'times',
    atMost: 1.1,
    bench: 'jobs',
  },
  signInTiming: {
    what: 'sign-in, known against unknown addresses',
    unit: 'z',
    atMost: 3.3,
    bench: 'sign-in-timing',
  },

  besideIdle: {
    what: 'GET /me, p99 beside 10,000 idle connections',
    unit: 'ms',
    atMost: 50,
    bench: 'overload',
  },
  slowClients: { what: 'slow clients that are closed', unit: '%', atLeast: 100, bench: 'overload' },
  firstRefusal: { what: 'overload, time to the first 503', unit: 'ms', atMost: 1000, bench: 'overload' },
  recovery: { what: 'overload, time to serve again', unit: 'ms', atMost: 1000, bench: 'overload' },

  apiCpu: { what: 'npm start, CPU until ready', unit: 's', atMost: 1.1, bench: 'start' },
  apiModules: { what: 'npm start, modules loaded', unit: 'modules', atMost: 1050, bench: 'start' },
  apiIdle: { what: 'API, memory when idle', unit: 'MiB', atMost: 145, bench: 'start' },
  apiLoad: { what: 'API, most memory under load', unit: 'MiB', atMost: 180, bench: 'start' },
  workerCpu: { what: 'npm run worker, CPU until ready', unit: 's', atMost: 0.9, bench: 'start' },
  workerModules: { what: 'npm run worker, modules loaded', unit: 'modules', atMost: 1010, bench: 'start' },
  workerIdle: { what: 'worker, memory when idle', unit: 'MiB', atMost: 130, bench: 'start' },
  devCpu: { what: 'npm run dev, CPU until ready', unit: 's', atMost: 7, bench: 'start' },
  image: { what: 'image beside Node and Debian', unit: 'MiB', atMost: 55, bench: 'start' },
} satisfies Record<string, Goal>

export type FigureName = keyof typeof goals
export type Figures = Partial<Record<FigureName, number>>

/** The goal of a figure on a major version of Node. */
export function goalOn(nodeMajor: number, { atMost, atLeast }: Goal): { sign: '≤' | '≥'; value: number } {
  const wanted = atMost ?? atLeast ?? Number.NaN
  const value = typeof wanted === 'number' ? wanted : nodeMajor < 24 ? wanted[20] : wanted[24]
  return { sign: atMost === undefined ? '≥' : '≤', value }
}

export function isMet(nodeMajor: number, goal: Goal, figure: number): boolean {
  const { sign, value } = goalOn(nodeMajor, goal)
  return sign === '≤' ? figure <= value : figure >= value
}
