import { VerifiedTokens } from '../../src/lib/auth/verified-access-tokens.js'
import t from '../tap.js'

const inSeconds = (seconds: number) => Date.now() / 1000 + seconds

/** Verifies tokens by looking them up in `known` and counts the verifications. */
function createTokens(known: Record<string, { exp: number }>) {
  let count = 0
  const tokens = new VerifiedTokens((token) => {
    count += 1
    const payload = known[token]
    return payload && { sub: token, sid: 'session', role: 'user', ...payload }
  })
  return { tokens, count: () => count }
}

t.test('verifies a token once until it expires', async (t) => {
  const { tokens, count } = createTokens({ good: { exp: inSeconds(60) } })
  for (let i = 0; i < 3; i += 1) t.match(tokens.claimsOf('good'), { userId: 'good' })
  t.equal(count(), 1)
})

t.test('remembers neither expired nor refused tokens', async (t) => {
  const { tokens, count } = createTokens({ old: { exp: inSeconds(-1) } })
  for (const token of ['old', 'old', 'unknown', 'unknown']) tokens.claimsOf(token)
  t.equal(count(), 4)
})

t.test('tells apart tokens with the same ending', async (t) => {
  const end = 'x'.repeat(40)
  const { tokens } = createTokens({
    [`a${end}`]: { exp: inSeconds(60) },
    [`b${end}`]: { exp: inSeconds(60) },
  })
  for (const token of [`a${end}`, `b${end}`, `a${end}`]) t.match(tokens.claimsOf(token), { userId: token })
  t.equal(tokens.claimsOf(`c${end}`), undefined)
})

t.test('remembers at most the ten thousand newest tokens', async (t) => {
  const name = (i: number) => `token-${i}`
  const known = Object.fromEntries(
    Array.from({ length: 10_001 }, (_, i) => [name(i), { exp: inSeconds(60) }]),
  )
  const { tokens, count } = createTokens(known)
  for (const token of Object.keys(known)) tokens.claimsOf(token)
  tokens.claimsOf(name(10_000))
  t.equal(count(), 10_001)
  tokens.claimsOf(name(0))
  t.equal(count(), 10_002)
})
