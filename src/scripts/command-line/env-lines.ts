/** In base64, because environments and shells lose line breaks. */
export const toBase64 = (pem: string | Buffer): string => Buffer.from(pem).toString('base64')

/** Lines to paste into `.env`: a comment that says what the values are for, then a line for each value. */
export const envLines = (comment: string, values: Record<string, string>): string =>
  [`# ${comment}`, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join('\n')
