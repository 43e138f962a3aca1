import { type Options, stringify } from 'csv-stringify/sync'

/**
 * A spreadsheet takes a cell that begins so for a formula, and runs it: with an apostrophe before, it is a text
 * (OWASP, CSV injection). The library knows all other such beginnings.
 */
const defuseLineFeed = (text: string): string => (text.startsWith('\n') ? `'${text}` : text)

const OPTIONS: Options = {
  record_delimiter: 'windows',
  // Left to itself the library leaves a lone line feed bare: what follows would be a row of its own.
  quoted_string: true,
  escape_formulas: true,
  cast: { string: defuseLineFeed },
}

/** Rows as in RFC 4180, each ended by CRLF. Texts are in quotes; what is null is an empty cell without. */
export const toCsv = (rows: readonly (readonly (string | null)[])[]): string =>
  stringify(rows as (string | null)[][], OPTIONS)
