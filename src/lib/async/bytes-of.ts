/** Objects and what is no text, each with its place in what holds it. */
const BYTES_OF_A_VALUE = 32

/** About what a value made of JSON takes in memory; its texts are most of it. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return BYTES_OF_A_VALUE + value.length
  if (value === null || typeof value !== 'object') return BYTES_OF_A_VALUE
  let bytes = BYTES_OF_A_VALUE
  for (const key in value) bytes += key.length + bytesOf((value as Record<string, unknown>)[key])
  return bytes
}
