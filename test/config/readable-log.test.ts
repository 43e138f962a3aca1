import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

/** Runs `statements` with the `logger` of development in a separate process. */
function log(t: Test, LOG_FILE_PATH: string, statements: string, env: NodeJS.ProcessEnv = {}) {
  const settings = { NODE_ENV: 'development', LOG_LEVEL: 'info', LOG_DELAY_MS: 10, LOG_FILE_PATH }
  const program = `
    const { createLog } = await import('./src/config/logging.ts')
    const { logger, close } = await createLog(${JSON.stringify({ ...settings, LOG_FILE_ROTATION: 'off' })}, 'api')
    ${statements}
    await close()`
  return run(t, ['node', '--import', 'tsx', '--input-type=module', '-e', program], { env })
}

const parseLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

t.test('development prints readable lines to standard output and JSON to the file', async (t) => {
  const path = join(t.testdir(), 'app.log')
  const { stdout } = await log(
    t,
    path,
    `
    logger.info({ url: '/\\u001b[31m\\r\\nred' }, 'sent')
    logger.info('two')`,
  )
  const [first, second] = stdout.split('\n')
  t.match(first, /^\[\d\d:\d\d:\d\d\] api INFO: sent \{"url":"\/\\u001b\[31m\\r\\nred"\}$/)
  t.match(second, /^\[\d\d:\d\d:\d\d\] api INFO: two *$/)
  t.match(parseLines(readFileSync(path, 'utf8')), [
    { level: 'info', url: '/\u001b[31m\r\nred' },
    { msg: 'two' },
  ])
})

t.test('a request in development begins with method, path, status and time', async (t) => {
  const path = join(t.testdir(), 'app.log')
  const fields = {
    requestId: 'a',
    method: 'GET',
    url: '/api/v1/me',
    status: 200,
    durationMs: 4.8,
    userId: null,
  }
  const { stdout } = await log(
    t,
    path,
    `
    const fields = ${JSON.stringify(fields)}
    logger.info(fields, 'request')
    logger.warn({ ...fields, url: '/\\u001b[31m\\r\\n\\u009b\\u202e' }, 'request')
    logger.info('request')`,
  )
  const rest = '{"requestId":"a","userId":null}'
  const lines = stdout.split('\n').map((line) => line.replace(/^\[[\d:]{8}\] /, ''))
  t.strictSame(lines.slice(0, 2), [
    `api INFO: GET /api/v1/me 200 4.8 ms ${rest}`,
    `api WARN: GET /%1B[31m%0D%0A%C2%9B%E2%80%AE 200 4.8 ms ${rest}`,
  ])
  t.match(lines[2], /^api INFO: request *$/)
  t.match(parseLines(readFileSync(path, 'utf8'))[0], { ...fields, msg: 'request' })
})

t.test('a terminal dims all fields that are not in the message', async (t) => {
  const colors = { FORCE_COLOR: '1' }
  const { stdout } = await log(t, 'off', `logger.info({ port: 1 }, 'sent')`, colors)
  t.match(stdout, '\u001b[36msent\u001b[39m \u001b[90m{"port":1}\u001b[39m\n')
})
