/** Compares `PATCH /me`, with its audit entry and request record, with an update that writes neither. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'PATCH',
  path: '/api/v1/me',
  bodies: [JSON.stringify({ firstName: 'Augusta' }), JSON.stringify({ firstName: 'Ada' })],
  role: 'user',
  strip: 'drop trigger audit_capture on users',
  others: ['bare'],
  figures: { cpu: 'writeCpu', perSecond: 'writePerSecond' },
})
