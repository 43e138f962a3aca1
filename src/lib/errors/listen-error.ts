import { OperatorError } from './operator-error.js'
import { errorCode } from './system-error-code.js'

export type ListenNames = { host: string; port: string }

const NAMES: ListenNames = { host: 'HOST', port: 'PORT' }

/**
 * Returns an OperatorError that explains why the server cannot listen on the address. Returns all other
 * errors unchanged. `names` are the settings that the message mentions; by default HOST and PORT.
 */
export function explainListenError(error: unknown, host: string, port: number, names = NAMES): unknown {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') {
    return new OperatorError(
      `Port ${port} of ${host} is in use: stop what uses it, or set ${names.port} to another.`,
    )
  }
  if (code === 'EACCES')
    return new OperatorError(`Port ${port} needs more permissions: set ${names.port} above 1023.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new OperatorError(`${names.host} is ${host}, which is not an address of this machine.`)
  }
  return error
}
