/** Measures `GET /users?limit=50`: the cost of a page beyond its query and its JSON. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'GET',
  path: '/api/v1/users?limit=50',
  role: 'super_admin',
  others: ['bare', 'expert'],
  figures: { cpu: 'listCpu', expert: 'listExpert', perSecond: 'listPerSecond' },
})
