import { redact } from '../../src/lib/audit/redact.js'
import { CalendarDate, Nullable, StrictObject, Timestamp } from '../../src/lib/schema/schemas.js'
import { buildValidator } from '../../src/lib/schema/validation.js'
import t from '../tap.js'

const schema = StrictObject({ at: Nullable(Timestamp), on: CalendarDate })
const validate = buildValidator({}, {})({ schema, httpPart: 'body' } as never)

t.test('a time is a Date before a handler sees it, and text in a record of the request', async (t) => {
  const body = { at: '2026-01-31T09:30:00+02:00', on: '2026-01-31' }
  t.equal(validate(body), true)
  t.strictSame(body, { at: new Date('2026-01-31T07:30:00Z'), on: '2026-01-31' })
  t.strictSame(redact(body), { at: '2026-01-31T07:30:00.000Z', on: '2026-01-31' })
  t.equal(validate({ at: null, on: '2024-02-29' }), true)
})

t.test('accepts only days that exist and that PostgreSQL can store', async (t) => {
  for (const on of ['0001-01-01', '9999-12-31']) t.equal(validate({ at: null, on }), true, on)
  for (const on of [
    '',
    '0000-01-01',
    '2026-02-29',
    '2026-13-01',
    '2026-1-1',
    '2026-01-31T00:00:00Z',
    '10000-01-01',
  ]) {
    t.equal(validate({ at: null, on }), false, on)
    t.match(validate.errors, [{ message: 'must be a date such as 2026-01-31' }], on)
  }
})
