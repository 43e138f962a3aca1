import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { DatabaseUrlError } from './error.js'
import type { SslSettings } from './parse.js'

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const YES = 'S'.charCodeAt(0)

/** The connection as `sslmode` wants it. @throws when the server has no TLS, or is not who it should be */
export async function secure(socket: Socket, host: string, ssl: SslSettings): Promise<Socket> {
  if (ssl.mode === 'disable' || host.startsWith('/')) return socket
  if (!ssl.isDirect && !(await offersTls(socket))) {
    if (ssl.mode === 'prefer') return socket
    throw Object.assign(new Error(`The server at ${host} has no TLS, and sslmode=${ssl.mode} asks for it`), {
      code: 'NO_TLS',
    })
  }
  const secured = connect({ socket, ...tlsOptions(ssl, host) })
  await once(secured, 'secureConnect')
  return secured
}

/** Not a byte more than the one that it answers: what follows it belongs to TLS. */
async function offersTls(socket: Socket): Promise<boolean> {
  socket.write(SSL_REQUEST)
  for (;;) {
    const [answer] = (socket.read(1) ?? []) as Buffer | number[]
    if (answer !== undefined) return answer === YES
    await once(socket, 'readable')
  }
}

function tlsOptions(ssl: SslSettings, host: string): ConnectionOptions {
  return {
    ...fileOptions(ssl),
    host,
    // A name is no address, by RFC 6066.
    ...(ssl.sendsName && isIP(host) === 0 && { servername: host }),
    ...(ssl.isDirect && { ALPNProtocols: ['postgresql'] }),
    rejectUnauthorized: ssl.mode === 'verify-ca' || ssl.mode === 'verify-full',
    ...(ssl.mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
}

/** Read anew for each connection: certificates are renewed while processes run. @throws DatabaseUrlError */
export function fileOptions({ rootCert, cert, key, keyPassphrase }: SslSettings): ConnectionOptions {
  return {
    ...(rootCert !== undefined && { ca: readNamed('sslrootcert', rootCert) }),
    ...(cert !== undefined && { cert: readNamed('sslcert', cert) }),
    ...(key !== undefined && { key: readNamed('sslkey', key) }),
    ...(keyPassphrase !== undefined && { passphrase: keyPassphrase }),
  }
}

function readNamed(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DatabaseUrlError(`has a file in its parameter ${parameter} that cannot be read (${code})`)
  }
}
