import { OperatorError } from './operator-error.js'

const NAMES = { host: 'HOST', port: 'PORT' }

/** Why an address cannot be listened on, in words for whoever set it; any other error as it is. */
export function explainListenError(error: unknown, host: string, port: number, names = NAMES): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      `Port ${port} of ${host} is in use: stop what uses it, or set ${names.port} to another.`,
    )
  }
  if (code === 'EACCES')
    return new OperatorError(`Port ${port} needs more rights: set ${names.port} above 1023.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new OperatorError(`${names.host} is ${host}, which is no address of this machine.`)
  }
  return error
}
