import Fastify, { type FastifyBaseLogger } from 'fastify'
import pino, { type LoggerOptions } from 'pino'
import { flatLines } from '../../src/lib/observability/flat-lines.js'
import t from '../tap.js'

const OPTIONS: LoggerOptions = {
  base: { pid: 1 },
  timestamp: () => ',"time":"2026-12-01T00:00:00.000Z"',
  formatters: { level: (label) => ({ level: label }) },
}

const METADATA: unique symbol = Symbol.for('pino.metadata')

/** Keeps the lines, each with the level that pino reports to its output. */
class Memory {
  readonly [METADATA] = true
  lastLevel = 0
  lines: [level: number, line: string][] = []
  write(line: string) {
    this.lines.push([this.lastLevel, line])
  }
}

type Log = (log: FastifyBaseLogger) => void

/** The same lines, once as pino formats them and once as `flatLines` does. */
function bothFormsOf(write: Log, options: LoggerOptions = {}) {
  const [pinos, flat] = [new Memory(), new Memory()]
  write(pino({ ...OPTIONS, ...options }, pinos))
  write(flatLines(pino({ ...OPTIONS, ...options }, flat)))
  return [flat.lines, pinos.lines]
}

/** What clients may put into a URL, and what JSON escapes. */
const TEXTS = [
  '/plain?x=1',
  '"quoted" and \\ and \\" and \\u0041',
  '\r\n{"level":"fatal"}',
  '\0\b\t\n\f\r\u001f\u007f\u0080\u009f',
  '\u2028\u2029\uFEFF</script>',
  'żółć 中文 🐘 e\u0301',
  '%22%0a%00',
  `${'x'.repeat(200)}"`,
  `${'"\\'.repeat(99)}\n`,
  '',
]

const fieldsOf = (text: string) => ({
  requestId: 'b8c6a5f2',
  traceId: undefined,
  method: 'GET',
  url: text,
  status: 200,
  durationMs: 0.1,
  [`odd ${text}`]: Number.NaN,
  ip: '::1',
  userId: null,
})

t.test('writes what pino writes, whatever the fields contain', async (t) => {
  for (const text of TEXTS) {
    const [flat, pinos] = bothFormsOf((log) => {
      log.info({ ...fieldsOf(text), msg: 'request' })
      log.warn(fieldsOf(text), text)
      log.child({ bound: text }).error(fieldsOf(text))
    })
    t.strictSame(flat, pinos, text)
    t.strictSame(
      flat?.map(([level]) => level),
      [30, 40, 50],
    )
  }
})

t.test('writes the trace id that tracing adds', async (t) => {
  const mixin = () => ({ traceId: 'abc' })
  const [flat, pinos] = bothFormsOf((log) => log.info({ url: '/' }), { mixin })
  t.strictSame(flat, pinos)
  t.match(flat, [[30, /"traceId":"abc"/]])
})

t.test('writes nothing below the level of the log', async (t) => {
  const write: Log = (log) => {
    log.info(fieldsOf('/'))
    log.warn(fieldsOf('/'))
  }
  const [flat, pinos] = bothFormsOf(write, { level: 'warn' })
  t.strictSame(flat, pinos)
  t.equal(flat?.length, 1)
})

t.test('escapes half a character, which UTF-8 cannot encode', async (t) => {
  const [flat] = bothFormsOf((log) => log.info({ url: 'a\ud800b' }))
  t.match(JSON.parse(String(Buffer.from(flat?.[0]?.[1] ?? ''))), { url: 'a\ud800b' })
})

t.test('leaves the silent logger of Fastify alone', async (t) => {
  const { log } = Fastify({ logger: false })
  t.doesNotThrow(() => flatLines(log).info(fieldsOf('/')))
})
