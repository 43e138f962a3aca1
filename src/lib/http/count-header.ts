/**
 * Counts how often a request sent a header. `name` is in lower case. Node's parsed headers do not show it:
 * for many headers Node keeps the first and silently drops the others.
 */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] as string
    if (sent.length === name.length && sent.toLowerCase() === name) count += 1
  }
  return count
}
