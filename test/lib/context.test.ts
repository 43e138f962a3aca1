import { EventEmitter, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import {
  currentContext,
  holdContexts,
  runInContext,
  runWithoutContext,
  withActor,
} from '../../src/lib/context.js'

const context = { actor: 'user', userId: null, requestId: 'held' } as const

t.test('the end of one context ends no other, whichever began first', async (t) => {
  const first = new EventEmitter()
  const firstEnded = withActor('job:first', async () => void (await once(first, 'end')))
  await withActor('job:second', async () => {
    first.emit('end')
    await firstEnded
    t.equal(currentContext()?.actor, 'job:second')
  })
  await turn()
  t.equal(currentContext(), undefined, 'and nothing of them is left')
})

t.test('what is done behind a request has no context, not even later', async (t) => {
  const release = holdContexts()
  t.teardown(release)
  await runInContext(context, async () => {
    await runWithoutContext(async () => {
      await turn()
      t.equal(currentContext(), undefined)
    })
    t.equal(currentContext()?.requestId, 'held')
  })
})
