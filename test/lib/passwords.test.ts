import * as argon2 from '@node-rs/argon2'
import Fastify from 'fastify'
import { createBreachCheck } from '../../src/lib/auth/breached-passwords.js'
import { checkPassword, type Person } from '../../src/lib/auth/password-policy.js'
import { createPasswordHasher, hashPassword } from '../../src/lib/auth/passwords.js'
import { PRODUCT } from '../../src/lib/product.js'
import metrics from '../../src/plugins/infra/metrics.js'
import { startBreachServer } from '../helpers/breaches.js'
import { UNMEASURED } from '../helpers/metrics.js'
import t from '../tap.js'

const PARAMETERS = { memoryKib: 19_456, passes: 2 }
const PASSWORD = 'a long and quiet sentence'
const ADA = { email: 'ada.lovelace+shop@example.com', firstName: 'Augusta', lastName: 'King' }

const refusalOf = async (password: string, person: Person = ADA): Promise<string | undefined> => {
  try {
    await checkPassword(password, person)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

t.test('hashes a password with argon2id and a salt, with at least the cost of OWASP', async (t) => {
  const [one, two] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)]
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.not(one, two)
  t.match(
    await hashPassword(PASSWORD, { memoryKib: 24_576, passes: 3 }),
    /^\$argon2id\$v=19\$m=24576,t=3,p=1\$/,
  )
})

t.test('matches only the password itself, to its last byte and in any Unicode form', async (t) => {
  const { hash, verify } = createPasswordHasher(PARAMETERS)
  const long = 'x'.repeat(73)
  t.match(await verify(await hash(long), long), { matches: true, isOutdated: false })
  for (const other of [long.slice(1), `${long} `, long.toUpperCase()]) {
    t.match(await verify(await hash(long), other), { matches: false, isOutdated: false })
  }
  t.match(await verify(await hash('nothing ends\0here'), 'nothing ends\0there'), { matches: false })
  t.match(await verify(await hash('caf\u00e9 au lait, encore'), 'cafe\u0301 au lait, encore'), {
    matches: true,
  })
  for (const none of [null, undefined]) t.match(await verify(none, PASSWORD), { matches: false })
})

t.test('a hash is outdated exactly when its cost is below the current one', async (t) => {
  const stored = await hashPassword(PASSWORD, { memoryKib: 24_576, passes: 3 })
  const outdatedUnder = async (memoryKib: number, passes: number) =>
    (await createPasswordHasher({ memoryKib, passes }).verify(stored, PASSWORD)).isOutdated
  t.notOk(await outdatedUnder(24_576, 3))
  t.notOk(await outdatedUnder(19_456, 2))
  t.ok(await outdatedUnder(24_577, 3))
  t.ok(await outdatedUnder(24_576, 4))
})

t.test(
  'every address costs the same work, whatever the cost of its hash, and a throttled attempt none',
  async (t) => {
    const work: string[] = []
    const counted = {
      ...argon2,
      hash: (...args: Parameters<typeof argon2.hash>) => {
        work.push(`hash m=${args[1]?.memoryCost},t=${args[1]?.timeCost}`)
        return argon2.hash(...args)
      },
      verify: (...args: Parameters<typeof argon2.verify>) => {
        work.push(`verify ${String(args[0]).split('$')[3]}`)
        return argon2.verify(...args)
      },
    }
    const lib = '../../src/lib/auth/passwords.js'
    const hasher = await t.mockImport<object>(lib, { '@node-rs/argon2': counted })
    const { default: plugin } = await t.mockImport('../../src/plugins/accounts/passwords.js', {
      [lib]: hasher,
    })
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(metrics, UNMEASURED)
    await app.register(plugin, { memoryKib: 20_480, passes: 3, maxWaitMs: 10_000 })
    await app.ready()
    const known = await argon2.hash(PASSWORD, { memoryCost: 20_480, timeCost: 3 })
    const old = await hashPassword(PASSWORD)
    const before = async () => {
      work.push('before')
    }
    const oldEffort = old.split('$', 4).join('$')
    const workOf = async (
      passwordHash: string | null | undefined,
      password: string,
      storedEfforts?: string[],
    ) => {
      await app.passwords.verify({ passwordHash, password, storedEfforts, before })
      return work.splice(0)
    }
    const usual = ['before', 'verify m=20480,t=3,p=1']
    t.strictSame(await workOf(known, 'wrong'), usual)
    t.strictSame(await workOf(known, PASSWORD), usual)
    t.strictSame(await workOf(undefined, PASSWORD), usual)
    t.strictSame(await workOf(null, PASSWORD), usual)

    // While some accounts still have a cheaper hash, every address costs the work of both hashes.
    const raised = ['before', 'verify m=19456,t=2,p=1', 'verify m=20480,t=3,p=1']
    for (const hash of [known, old, undefined, null]) {
      t.strictSame(await workOf(hash, 'wrong', [oldEffort, 'not a hash']), raised)
    }
    t.strictSame(await workOf(known, PASSWORD, [oldEffort]), raised)
    t.strictSame(await workOf(old, PASSWORD, [oldEffort]), [...raised, 'hash m=20480,t=3'])
    t.strictSame(
      await workOf(undefined, PASSWORD),
      usual,
      'costs one hash again once the last account is rehashed',
    )
    t.strictSame(await workOf(old, 'wrong'), raised)
    t.strictSame(
      await workOf(undefined, 'wrong'),
      raised,
      'costs both when another process stored a cheaper hash since',
    )

    const wait = () => Promise.reject(new Error('wait'))
    await t.rejects(app.passwords.verify({ passwordHash: known, password: PASSWORD, before: wait }), {
      message: 'wait',
    })
    await t.rejects(app.passwords.hashNew('password1234', ADA), { code: 'PASSWORD_TOO_COMMON' })
    t.strictSame(work, [])
  },
)

t.test('refuses well-known passwords and their simple variations', async (t) => {
  const refused = [
    ...[
      '123456789012',
      'password1234',
      'passwordpassword',
      'Password2024!!',
      'qwertyuiop123',
      'p@$$w0rd1234',
    ],
    ...[
      'monkeymonkey',
      'iloveyou2024!!',
      '000football000',
      'Trustno1Trustno1',
      'dragon dragon',
      '!!shadow2024',
    ],
    ...[
      'letmeinletmein',
      'abcdefghijkl',
      'aaaaaaaaaaaa',
      '01011990 01011990',
      'drowssap4321',
      'admin@123@123',
    ],
    ...['Night123!123', 'qazwsxedcrfv', 'superman-superman', '1q2w3e4r5t6y', 'baseball!!!!', 'Michael12345!'],
    ...['x'.repeat(128), 'password'.repeat(8), '1234567890'.repeat(8)],
    // Only the first 64 characters are checked.
    `${'a'.repeat(64)}correct horse battery staple`,
  ]
  for (const password of refused) t.match(await refusalOf(password), /common password/, password)
})

t.test('refuses a well-known password however it is spaced, repeated or extended', async (t) => {
  const refused = [
    ...['1 2 3 4 5 6 7 8', '1 2 3 4 5 6 7 8!!', 'p a s s w o r d', 'p.a.s.s.w.o.r.d', 'p @ s s w 0 r d'],
    ...['pa ss wo rd 12 34', 'p_a_s_s_w_o_r_d_2_0_2_4', 'p1a2s3s4w5o6r7d8', 'd r a g o n 1 9 8 7'],
    ...['p\u200ba\u200bs\u200bs\u200bw\u200bo\u200br\u200bd', 'ppaasswwoorrdd', '11 22 33 44 55'],
    ...['dragon'.repeat(11), 'dragon'.repeat(21), 'Dragon1dragon2dragon3', 'monkey-dragon-monkey'],
    ...['iloveyou2024!!'.repeat(5), 'q w e r t y '.repeat(10), 'g r o u n d w o r k'],
    ...['123456@gmail.com', 'Dragon@Yahoo.com', 'P@ssw0rd@mail.ru', 'password@example.com', 'www.google.com'],
    ...['gmail.comgmail.com', 'letmein @ hotmail.com', 'john.smith@gmail.com'],
  ]
  for (const password of refused) t.match(await refusalOf(password), /common password/, password)
  const atWork = { email: 'ada@work.test' }
  t.match(
    await refusalOf('monkey99@work.test', atWork),
    /common password/,
    "the domain of the user's address does not count",
  )
})

t.test('accepts every other password, whatever its characters', async (t) => {
  const accepted = [
    PASSWORD,
    'correct horse battery staple',
    'лошадь скрепка батарея',
    '🐘🎉🚀🌵🍕🎈🦊🐙🌈⚡🔥🎲',
    'longenoughpassword',
    '   spaces   all   around   ',
    'four night owls 2024!!',
    'Str0ng-Passw0rd-123',
    '7#92!04-71%538+62',
    'k9v2m4x7q1z8',
    'x7#Kq!'.repeat(21),
    'aB3$'.repeat(16),
    `pw-${'x'.repeat(61)}`,
    'never gonna give you up never gonna let you down',
    'the cat and the dog and the bird',
    'row row row your boat gently down',
    'my gmail.com has 10 quiet mornings',
    '3f09b2c81dea',
    'zGcI7-vfSf.q2',
    'кот собака птица',
    '我的密码非常长而且安全吗是的',
  ]
  for (const password of accepted) t.equal(await refusalOf(password), undefined, password)
})

t.test(
  "refuses passwords that contain the product, the user's name or the address, and says so",
  async (t) => {
    const reasons: [string, RegExp][] = [
      [`my ${PRODUCT.name.toUpperCase()} is a safe place`, /name of this service/],
      ['the ADA.Lovelace of our times', /your e-mail address/],
      ['ada.lovelace+shop has its own', /your e-mail address/],
      ['in ａugusta we are quite happy', /your name/],
      ['dear Augusta, how do you do', /your name/],
    ]
    for (const [password, reason] of reasons) t.match(await refusalOf(password), reason, password)
    const short = { email: 'bob@example.com', firstName: ' ', lastName: 'Long' }
    t.equal(
      await refusalOf('bob has a long and quiet life', short),
      undefined,
      'accepts a short name, which is part of many words',
    )
    t.match(await refusalOf('Long-Long-Long', short), /common password/, 'refuses a repeated short name')
    t.equal(await refusalOf(PASSWORD, { email: 'ada@example.com' }), undefined)
  },
)

t.test('finds a breach by five digits of a hash, and treats no response as none', async (t) => {
  const server = await startBreachServer(t, ['a stolen sentence', 'caf\u00e9 of thieves'])
  const find = createBreachCheck(`${server.url}/`)
  t.equal(await find('a stolen sentence'), 'found')
  t.strictSame(server.asked, [`/range/${server.sha1('a stolen sentence').slice(0, 5)} true`])
  t.equal(await find('cafe\u0301 of thieves'), 'found', 'looks up the normalized form, which is also hashed')
  t.equal(await find('padding'), 'not_found', 'ignores padding, which has a count of 0')
  t.equal(await find(PASSWORD), 'not_found')

  const faults: Record<string, NonNullable<typeof server.state.fault>> = {
    error: (_, response) => response.writeHead(503).end(),
    redirect: (_, response) => response.writeHead(302, { location: server.url }).end(),
    reset: (request) => request.socket.destroy(),
    endless: (_, response) => response.end('0'.repeat(1_000_001)),
    silent: () => undefined,
  }
  for (const [name, fault] of Object.entries(faults)) {
    server.state.fault = fault
    t.equal(await createBreachCheck(server.url, { timeoutMs: 100 })('a stolen sentence'), 'failed', name)
  }
  t.equal(await createBreachCheck('http://127.0.0.1:1')(PASSWORD), 'failed', 'no server listens')
})
