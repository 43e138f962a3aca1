/** `PATCH /me`, with its entry in the audit log and its record of the request, against an update that leaves neither. */
import { compareServers } from './lib/servers.js'

await compareServers({
  method: 'PATCH',
  path: '/api/v1/me',
  bodies: [JSON.stringify({ firstName: 'Augusta' }), JSON.stringify({ firstName: 'Ada' })],
  role: 'user',
  strip: 'drop trigger audit_capture on users',
  wanted: { cpu: '2.0', perSecond: '0.60' },
})
