import { mistakeInEmailDomain, mistakeInName, titleOf } from '../../scripts/init/choices.js'
import { completed, features } from '../../scripts/init/features/index.js'
import t from '../tap.js'

t.test('accepts names of letters, digits and hyphens', async (t) => {
  for (const name of ['acme', 'Acme', 'acme-shop', 'a', 'b2b', 'acme-24-7'])
    t.equal(mistakeInName(name), undefined, name)
})

t.test('refuses other names in one line that says why', async (t) => {
  const refused: [name: string, why: RegExp][] = [
    ['', /missing/],
    ['acme shop', /letters, digits and hyphens/],
    ['acme_shop', /letters, digits and hyphens/],
    ['äcme', /begin with a letter/],
    ['2acme', /begin with a letter/],
    ['-acme', /begin with a letter/],
    ['acme-', /after each hyphen/],
    ['acme--shop', /after each hyphen/],
    ['a'.repeat(51), /more than 50/],
    ['node', /reserved/],
    ['Node-Modules', /reserved/],
    ['http', /reserved/],
    ['postgres', /reserved/],
    ['acme\nshop', /^[^\n]+$/],
  ]
  for (const [name, why] of refused) t.match(mistakeInName(name), why, JSON.stringify(name))
})

t.test('makes a name for people', async (t) => {
  t.equal(titleOf('acme-shop'), 'Acme Shop')
  t.equal(titleOf('ACME'), 'ACME')
})

t.test('knows domains of mail', async (t) => {
  for (const domain of ['acme.com', 'mail.acme.co.uk']) t.equal(mistakeInEmailDomain(domain), undefined)
  for (const domain of ['acme', '@acme.com', 'acme.com>', 'https://acme.com', '-a.com', ''])
    t.match(mistakeInEmailDomain(domain), /is not a domain/, domain)
})

t.test('leaves out what needs a feature with it, and names a feature that does not exist', async (t) => {
  t.strictSame(completed(['tracing', 'projects', 'tracing']), ['projects', 'tracing'])
  for (const [name, { neededBy = [] }] of Object.entries(features))
    t.strictSame(completed([name]), [name, ...neededBy].sort())
  t.throws(() => completed(['projects', 'kitchen']), {
    message: /no feature "kitchen": it is one of .*projects/,
  })
})
