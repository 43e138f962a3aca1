/** Measures `GET /me` with a verified token: the cost of a read beyond its query. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'GET',
  path: '/api/v1/me',
  role: 'user',
  others: ['bare', 'expert'],
  figures: { cpu: 'meCpu', expert: 'meExpert', perSecond: 'mePerSecond' },
})
