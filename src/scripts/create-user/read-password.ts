import type { ReadStream } from 'node:tty'
import { UsageError } from '../command-line/arguments.js'

/** Far more than any password that is accepted. */
const MAX_BYTES = 4096

/** All of standard input but one line break at its end. @throws UsageError */
export async function readPassword(stdin: ReadStream): Promise<string> {
  if (stdin.isTTY)
    throw new UsageError('--password-stdin reads a pipe or a file: without it, a terminal is asked')
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
