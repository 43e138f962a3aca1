/** `GET /me` with a verified token: what a read costs beyond its query. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'GET',
  path: '/api/v1/me',
  role: 'user',
  wanted: { cpu: '1.25', perSecond: '0.80' },
})
