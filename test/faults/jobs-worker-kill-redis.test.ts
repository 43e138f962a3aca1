import t from 'tap'
import { killWorkers } from '../helpers/kill-workers.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'

t.setTimeout(400_000)
t.test('workers that are killed lose no mail (Redis)', { skip: NO_REDIS }, async (t) => {
  const redis = await ownRedis(t)
  await redis.start()
  await killWorkers(t, { REDIS_URL: redis.url })
})
