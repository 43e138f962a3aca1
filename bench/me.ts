/** Measures `GET /me` with a verified token: the cost of a read beyond its query. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'GET',
  path: '/api/v1/me',
  role: 'user',
  wanted: { cpu: '1.25', perSecond: '0.80', cpuOfExpert: '0.95' },
})
