export { connectRedis, type RedisClient, refuseMissingDatabase } from './connect.js'
export { redisPlacesOf } from './url.js'
