import { killWorkers } from '../helpers/kill-workers.js'
import { IN_FULL } from '../helpers/passing-time.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'
import t from '../tap.js'

t.setTimeout(400_000)
t.test('killed workers lose no mail (Redis)', { skip: NO_REDIS }, async (t) => {
  const redis = await ownRedis(t)
  await redis.start()
  await killWorkers(t, IN_FULL ? 100 : 4, { REDIS_URL: redis.url })
})
