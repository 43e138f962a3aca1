/** The approximate overhead of each value, including its slot in the parent. */
const BYTES_PER_VALUE = 32

/** The approximate size of a JSON value in memory, in bytes. Strings are most of it. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return BYTES_PER_VALUE + value.length
  if (value === null || typeof value !== 'object') return BYTES_PER_VALUE
  let bytes = BYTES_PER_VALUE
  for (const key in value) bytes += key.length + bytesOf((value as Record<string, unknown>)[key])
  return bytes
}
