import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { findPort } from './port.js'
import { type Program, programs } from './programs.js'

/** Node's own default. */
const DEFAULT_PORT = 9229

/** Anyone who reaches an inspector can run code. */
const HOST = '127.0.0.1'

/**
 * Returns the port of the first program's inspector, or undefined without `--inspect`.
 *
 * @throws {OperatorError} when an argument is unknown, or a port cannot be listened on
 */
export async function readInspectPort(args: readonly string[]): Promise<number | undefined> {
  if (args.length === 0) return undefined
  const [, digits = DEFAULT_PORT] = /^--inspect(?:=(\d{1,5}))?$/.exec(args.join(' ')) ?? refuse()
  const port = Number(digits)
  const last = port + programs.length - 1
  if (port === 0 || last > 65_535) refuse()
  // Node itself would print that a port is in use, and run without an inspector.
  for (let each = port; each <= last; each++) await findPort(HOST, each, { host: 'HOST', port: '--inspect' })
  return port
}

/** Gives each program an inspector, on ports that follow each other. */
export const withInspectors = (port: number): Program[] =>
  programs.map((program, index) => ({ ...program, hasSpare: false, inspectAt: `${HOST}:${port + index}` }))

function refuse(): never {
  throw new OperatorError('npm run dev takes no arguments but --inspect and --inspect=PORT.')
}
