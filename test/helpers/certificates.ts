import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { serverAccount } from '../../src/embedded-postgres/account.js'

/** The `skip` option of tests that need certificates: the reason, or false. */
export const NO_OPENSSL =
  !/^OpenSSL [3-9]/.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '') &&
  'OpenSSL 3 is not installed'

/** Creates a private CA and its certificate for `localhost`, in files that PostgreSQL can read. */
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
