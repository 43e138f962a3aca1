import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { generateToken } from '../../src/lib/auth/opaque-tokens.js'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

const TOKEN = generateToken()

const MEGABYTE = 1024 * 1024

/**
 * Runs `statements` with a `logger` in a separate process, because the standard output of this one
 * carries the test report.
 */
function log(t: Test, settings: object, statements: string) {
  const all = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    LOG_DELAY_MS: 10,
    LOG_FILE_PATH: 'off',
    LOG_FILE_ROTATION: 'daily',
    LOG_FILE_MAX_MB: 1,
    LOG_FILE_MAX_COUNT: 2,
    ...settings,
  }
  const program = `
    import { setImmediate } from 'node:timers/promises'
    import { copyFileSync, existsSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
    const until = async (probe) => { while (!probe()) await setImmediate() }
    const { createLog } = await import('./src/config/logging.ts')
    const { logger, close } = await createLog(${JSON.stringify(all)}, 'api')
    ${statements}
    await close()`
  return run(t, ['node', '--import', 'tsx', '--input-type=module', '-e', program])
}

const parseLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

t.test('writes each line as JSON with time and level, to standard output and to the file', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'logs', 'app.log')
  const { stdout, stderr } = await log(
    t,
    { LOG_FILE_PATH: path, LOG_LEVEL: 'warn' },
    `
    logger.info('not enough'); logger.warn({ port: 3000 }, 'one'); logger.fatal('last')`,
  )
  t.match(parseLines(stdout), [
    { level: 'warn', time: /^\d{4}-.*\.\d{3}Z$/, pid: Number, port: 3000, msg: 'one' },
    { level: 'fatal', msg: 'last' },
  ])
  t.equal(parseLines(stdout).length, 2)
  t.equal(readFileSync(path, 'utf8'), stdout, 'the file has every line once the process has ended')
  t.equal(statSync(path).mode & 0o777, 0o640)
  t.equal(stderr, '')
  t.strictSame((await log(t, { LOG_LEVEL: 'silent' }, `logger.fatal('unheard')`)).stdout, '')
})

t.test('buffers lines below warn, and loses them only when the process is killed', async (t) => {
  const [patient, hasty] = [{ LOG_DELAY_MS: 1000 }, { LOG_DELAY_MS: 0 }]
  const linesOf = async (settings: object, statements: string) =>
    (await log(t, settings, statements)).stdout.match(/(?<="msg":")\w+/g) ?? []
  const kill = `process.kill(process.pid, 'SIGKILL')`

  t.strictSame(await linesOf(patient, `logger.info('one'); ${kill}`), [])
  t.strictSame(await linesOf(hasty, `logger.info('one'); ${kill}`), ['one'])
  const first = `logger.info('one'); logger.debug('unheard'); logger.info('two')`
  t.strictSame(await linesOf(patient, `${first}; logger.warn('three'); ${kill}`), ['one', 'two', 'three'])
  t.strictSame(await linesOf(patient, `${first}; process.exit()`), ['one', 'two'])
  const late = `process.once('exit', () => logger.info('three'))`
  t.strictSame(await linesOf(patient, `${first}; ${late}; await close()`), ['one', 'two', 'three'])
  t.strictSame(await linesOf({ LOG_DELAY_MS: 1 }, `${first}; process.once('exit', () => {})`), ['one', 'two'])
})

t.test('starts a new file at the configured size and removes the oldest files', async (t) => {
  const folder = t.testdir()
  const { stdout } = await log(
    t,
    { LOG_FILE_PATH: join(folder, 'app.log') },
    `
    for (let line = 1; line <= 90; line++) {
      logger.info({ line, filler: 'x'.repeat(65_000) })
      await setImmediate()
    }`,
  )
  const written = parseLines(stdout).map(({ line }) => line)
  t.equal(written.length, 90)
  const rotated = readdirSync(folder)
    .filter((name) => /^\d{8}-\d{4}-\d\d-app\.log$/.test(name))
    // Sorted by age, because the name of a removed file may be used again.
    .sort((a, b) => statSync(join(folder, a)).mtimeMs - statSync(join(folder, b)).mtimeMs)
  t.equal(rotated.length, 2)
  const kept = [...rotated, 'app.log'].flatMap((name) => {
    t.ok(statSync(join(folder, name)).size < 2 * MEGABYTE)
    return parseLines(readFileSync(join(folder, name), 'utf8')).map(({ line }) => line)
  })
  t.strictSame(kept, written.slice(-kept.length), 'keeps the newest lines, each once')
  t.ok(kept.length < 60)
})

t.test('starts a new file when the current one is from another day', async (t) => {
  const folder = t.testdir({ 'app.log': '{"msg":"yesterday"}\n' })
  const yesterday = Date.now() / 1000 - 86_400
  utimesSync(join(folder, 'app.log'), yesterday, yesterday)
  await log(t, { LOG_FILE_PATH: join(folder, 'app.log') }, `logger.info('today')`)
  t.match(parseLines(readFileSync(join(folder, 'app.log'), 'utf8')), { length: 1, 0: { msg: 'today' } })
  const [rotated = ''] = readdirSync(folder).filter((name) => name.endsWith('-app.log'))
  t.match(readFileSync(join(folder, rotated), 'utf8'), 'yesterday')
})

/** What logrotate does with `create`, `nocreate` and `copytruncate`. */
const ROTATIONS = {
  create: `renameSync(path, moved); writeFileSync(path, '', { mode: 0o640 })`,
  nocreate: `renameSync(path, moved)`,
  copytruncate: `copyFileSync(path, moved); truncateSync(path)`,
}

for (const [name, rotate] of Object.entries(ROTATIONS)) {
  for (const LOG_FILE_ROTATION of ['off', 'daily']) {
    t.test(`reopens a file that logrotate rotated with ${name}, besides ${LOG_FILE_ROTATION}`, async (t) => {
      const folder = t.testdir()
      const [path, moved] = [join(folder, 'app.log'), join(folder, 'app.log.1')]
      const { code, stdout, stderr } = await log(
        t,
        { LOG_FILE_PATH: path, LOG_FILE_ROTATION, LOG_FILE_MAX_MB: 10_000 },
        `
        const [path, moved] = ${JSON.stringify([path, moved])}
        const has = (file, word) => existsSync(file) && readFileSync(file, 'utf8').includes(word)
        logger.info('before')
        await until(() => has(path, 'before'))
        ${rotate}
        // Lines until the logger notices the rotation are in one of the two files.
        for (let turn = 0; !has(path, 'meanwhile'); turn++) { logger.info({ turn }, 'meanwhile'); await setImmediate() }
        logger.info('after')`,
      )
      t.match({ code, stderr }, { code: 0, stderr: '' })
      const [older, newer] = [moved, path].map((file) => readFileSync(file, 'utf8'))
      t.equal(`${older}${newer}`, stdout, 'every line is written exactly once')
      t.match(older, 'before')
      t.match(parseLines(String(newer)).at(-1), { msg: 'after' })
    })
  }
}

t.test('reports a log file that is no longer writable once and continues on standard output', async (t) => {
  const folder = t.testdir({ logs: {} })
  const { code, stdout, stderr } = await log(
    t,
    { LOG_FILE_PATH: join(folder, 'logs', 'app.log') },
    `
    renameSync(${JSON.stringify(join(folder, 'logs'))}, ${JSON.stringify(join(folder, 'moved'))})
    writeFileSync(${JSON.stringify(join(folder, 'logs'))}, '')
    for (let i = 0; i < 40; i++) {
      logger.info({ filler: 'x'.repeat(65_000) })
      await setImmediate()
    }
    for (let i = 0; i < 50; i++) await setImmediate()
    logger.info('still here')`,
  )
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.equal(stderr, '')
  const messages = parseLines(stdout).map(({ msg }) => msg)
  t.equal(messages.filter((message) => message === 'the log file cannot be written any more').length, 1)
  t.ok(messages.includes('still here'))
})

t.test('redacts fields that look like secrets in an object that is logged whole', async (t) => {
  const { stdout } = await log(
    t,
    {},
    `
    logger.info({ password: 'hunter2', body: { newPassword: 'hunter2', refreshToken: 'hunter2' }, email: 'ada@example.com' })
    logger.info({ headers: { authorization: 'Bearer hunter2', cookie: 'hunter2', 'set-cookie': 'hunter2', accept: '*/*' } })
    logger.warn({ url: '/x/${TOKEN}', at: { url: '/x?clientSecret=hunter2', apiKeys: ['hunter2'] }, list: [1] })
    logger.error({ err: new Error('cannot read /x/${TOKEN}') })
    logger.child({ job: 'x' }).error(new Error('cannot read ?token=hunter2'))`,
  )
  t.notMatch(stdout, 'hunter2')
  t.notMatch(stdout, TOKEN)
  t.match(parseLines(stdout), [
    { password: '[redacted]', body: { newPassword: '[redacted]' }, email: 'ada@example.com' },
    { headers: { authorization: '[redacted]', cookie: '[redacted]', accept: '*/*' } },
    { url: '/x/[redacted]', at: { url: '/x?clientSecret=[redacted]', apiKeys: '[redacted]' }, list: [1] },
    { err: { message: 'cannot read /x/[redacted]' }, msg: 'cannot read /x/[redacted]' },
    { job: 'x', err: { message: 'cannot read ?token=[redacted]' } },
  ])
})

t.test(
  'logs type, message, stack and cause of an error, and never a value of the failed statement',
  async (t) => {
    const { stdout } = await log(
      t,
      {},
      `
    const { DrizzleQueryError } = await import('drizzle-orm')
    const cause = Object.assign(new Error('violates check constraint "x"'), { code: '23514', detail: 'hunter2' })
    const params = ['hunter2', 'at\\n    at hunter2 (values.ts:1:1)']
    const err = new DrizzleQueryError('insert into users values ($1)', params, cause)
    logger.error({ err })
    logger.error({ err }, err.message)
    logger.error(err)
    logger.error(err, 'with another message')
    process.on('exit', () => logger.error({ err: 'no error at all' }, 'late'))`,
    )
    t.notMatch(stdout, 'hunter2')
    const lines = parseLines(stdout)
    const message = 'Failed query: insert into users values ($1)'
    t.strictSame(
      lines.map(({ msg }) => msg),
      [message, message, message, 'with another message', 'late'],
    )
    for (const { err } of lines.slice(0, 4)) {
      t.match(err, {
        type: 'Error',
        message,
        stack: /^Error: Failed query: insert into users values \(\$1\)\n {4}at /,
        cause: { message: 'violates check constraint "x"', code: '23514' },
      })
    }
    t.match(lines.at(-1), { err: 'no error at all' })
  },
)
