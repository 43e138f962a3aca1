import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { serverAccount } from '../../src/embedded-postgres/account.js'

/** Why a test that needs certificates is skipped. */
export const NO_OPENSSL =
  !/^OpenSSL [3-9]/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '') &&
  'there is no openssl 3 to make certificates with'

/** A CA that no one else knows, and the certificate it gave to `localhost`; files that PostgreSQL may read. */
export function makeCertificates(t: Test) {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  chmodSync(dir, 0o755)
  const path = (name: string) => join(dir, name)
  const make = (name: string, ...more: string[]) => {
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      path(`${name}.key`),
    ]
    const args = ['req', '-x509', '-days', '2', ...key, '-out', path(`${name}.pem`), ...more]
    execFileSync('openssl', args, { stdio: 'ignore' })
  }
  make('ca', '-subj', '/CN=a private CA')
  const signed = ['-CA', path('ca.pem'), '-CAkey', path('ca.key')]
  const alone = ['-addext', 'basicConstraints=critical,CA:FALSE']
  make('server', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', ...alone, ...signed)
  make('stranger', '-subj', '/CN=another CA')
  const account = serverAccount(dir)
  if (account) chownSync(path('server.key'), account.uid, account.gid)
  return {
    ca: path('ca.pem'),
    otherCa: path('stranger.pem'),
    cert: path('server.pem'),
    key: path('server.key'),
  }
}
