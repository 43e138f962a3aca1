import type { ReadStream } from 'node:tty'
import { UsageError } from '../command-line/arguments.js'

/** More than the longest accepted password has. */
const MAX_BYTES = 4096

/**
 * Reads all of standard input, without one line break at its end.
 *
 * @throws {UsageError} when standard input is a terminal, or is not UTF-8
 */
export async function readPassword(stdin: ReadStream): Promise<string> {
  if (stdin.isTTY)
    throw new UsageError(
      '--password-stdin needs a pipe or a file; leave it out to enter the password in the terminal',
    )
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_BYTES) break
  }
  return decode(Buffer.concat(chunks)).replace(/\r?\n$/, '')
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError('the password on standard input is not UTF-8')
  }
}
