import { clientAddress, readAddress, trustedProxies } from '../../src/lib/network/trusted-proxies.js'
import t from '../tap.js'

t.test('reads an address without port and zone, in one spelling', async (t) => {
  const spellings: [string, string | undefined][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:40001', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[::FFFF:203.0.113.9]:40001', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
  ]
  const others = ['', 'unknown', '_hidden', '203.0.113.9.evil', '203.0.113.256', '[203.0.113.9', '1', '%eth0']
  for (const text of others) spellings.push([text, undefined])
  for (const [text, address] of spellings) t.equal(readAddress(text), address, text)
})

t.test('the client is the nearest address that is not a trusted proxy', async (t) => {
  const isTrusted = trustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '::ffff:192.0.2.0/120'])
  const from = (remoteAddress: string, forwarded?: string) =>
    clientAddress(
      { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as never,
      isTrusted,
    )
  const cases: [string, string | undefined, string][] = [
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['203.0.113.1', '198.51.100.7', '203.0.113.1'],
    ['10.0.0.1', '198.51.100.7:40001', '198.51.100.7'],
    ['::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['192.0.2.9', '[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8:1::9', '198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '198.51.100.1, 198.51.100.7, 10.0.0.2:5000', '198.51.100.7'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', 'made-up-1', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7, ', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7, unknown, 10.0.0.2', '10.0.0.2'],
  ]
  for (const [remote, header, client] of cases) t.equal(from(remote, header), client, `${remote}: ${header}`)
})
