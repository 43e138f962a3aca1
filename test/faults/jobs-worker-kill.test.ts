import { killWorkers } from '../helpers/kill-workers.js'
import { IN_FULL } from '../helpers/passing-time.js'
import t from '../tap.js'

// The full run takes longer than the default limit of a test file.
t.setTimeout(400_000)
t.test('killed workers lose no mail (PostgreSQL)', (t) => killWorkers(t, IN_FULL ? 20 : 4))
