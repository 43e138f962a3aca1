/** The methods of RFC 9110, 9.3, and PATCH (RFC 5789). */
export const HTTP_METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
] as const

const known = new Set<string>(HTTP_METHODS)

/** Clients can send any word as a method: only these become labels and attributes. */
export const isHttpMethod = (method: string): boolean => known.has(method)
