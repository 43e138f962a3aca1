import { type Options, stringify } from 'csv-stringify/sync'

/**
 * Spreadsheets run a cell that begins with a line feed as a formula. An apostrophe in front makes it text
 * (OWASP, CSV injection). The library escapes all other characters that begin a formula.
 */
const escapeLineFeed = (text: string): string => (text.startsWith('\n') ? `'${text}` : text)

const OPTIONS: Options = {
  record_delimiter: 'windows',
  // By default the library does not quote a lone line feed, and the rest of the text would be another row.
  quoted_string: true,
  escape_formulas: true,
  cast: { string: escapeLineFeed },
}

/**
 * Formats rows as in RFC 4180, each ended by CRLF. Texts are quoted; null is an empty cell without
 * quotes.
 */
export const toCsv = (rows: readonly (readonly (string | null)[])[]): string =>
  stringify(rows as (string | null)[][], OPTIONS)
