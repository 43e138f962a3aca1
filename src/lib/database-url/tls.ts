import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { DatabaseUrlError } from './error.js'
import type { SslSettings } from './parse.js'

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const YES = 'S'.charCodeAt(0)

/**
 * Adds TLS to the connection as `sslmode` requires.
 * @throws {Error} when the server does not support TLS, or its certificate is refused
 */
export async function secure(socket: Socket, host: string, ssl: SslSettings): Promise<Socket> {
  if (ssl.mode === 'disable' || host.startsWith('/')) return socket
  if (!ssl.isDirect && !(await offersTls(socket))) {
    if (ssl.mode === 'prefer') return socket
    throw Object.assign(
      new Error(`The server at ${host} does not support TLS, but sslmode=${ssl.mode} requires it`),
      { code: 'NO_TLS' },
    )
  }
  const secured = connect({ socket, ...tlsOptions(ssl, host) })
  await once(secured, 'secureConnect')
  return secured
}

/** Reads exactly one byte, the response: the bytes after it belong to TLS. */
async function offersTls(socket: Socket): Promise<boolean> {
  socket.write(SSL_REQUEST)
  for (;;) {
    const [response] = (socket.read(1) ?? []) as Buffer | number[]
    if (response !== undefined) return response === YES
    await once(socket, 'readable')
  }
}

function tlsOptions(ssl: SslSettings, host: string): ConnectionOptions {
  return {
    ...fileOptions(ssl),
    host,
    // RFC 6066 allows host names in SNI, but no addresses.
    ...(ssl.sendsName && isIP(host) === 0 && { servername: host }),
    ...(ssl.isDirect && { ALPNProtocols: ['postgresql'] }),
    rejectUnauthorized: ssl.mode === 'verify-ca' || ssl.mode === 'verify-full',
    ...(ssl.mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
}

/**
 * Reads the certificate files for each connection, because they may be renewed while the process runs.
 * @throws {DatabaseUrlError} when a file cannot be read
 */
export function fileOptions({ rootCert, cert, key, keyPassphrase }: SslSettings): ConnectionOptions {
  return {
    ...(rootCert !== undefined && { ca: readFileOf('sslrootcert', rootCert) }),
    ...(cert !== undefined && { cert: readFileOf('sslcert', cert) }),
    ...(key !== undefined && { key: readFileOf('sslkey', key) }),
    ...(keyPassphrase !== undefined && { passphrase: keyPassphrase }),
  }
}

function readFileOf(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DatabaseUrlError(`names a file in its parameter ${parameter} that cannot be read (${code})`)
  }
}
