/** The columns of a row by name. */
export type State = Record<string, unknown>

/** Deeper than any row should nest, and far below the depth at which JSON.stringify overflows the stack. */
const MAX_DEPTH = 1_000

/** A decimal of up to 15 characters, sign and point included, survives conversion to a double and back. */
const ALWAYS_EXACT_LENGTH = 15

const QUOTE = 0x22
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d
/** Outside strings, only numbers begin with these characters in JSON. */
const startsNumber = (code: number): boolean => (code >= 0x30 && code <= 0x39) || code === 0x2d

const NUMBER = /[-+.\deE]+/y

/**
 * Parses a row that PostgreSQL wrote as JSON. A number that JavaScript would round becomes a string
 * with the same digits, and so does every number of a column for which `isText` returns true. Values
 * nested deeper than 1,000 levels become strings of their JSON.
 *
 * JSON.parse alone would round numbers. The scan is one pass without backtracking expressions,
 * because rows have no size limit.
 */
export function parseState(json: string, isText: (column: string) => boolean): State {
  const scan = new Scan(json, isText)
  return JSON.parse(scan.rewrite())
}

class Scan {
  private at = 0
  private depth = 0
  /** The text before this index is in `written`. */
  private copied = 0
  private written = ''
  /** Start and end of the last string at the top level. Before a number it is the column's name. */
  private column = [0, 0]
  private columnKeepsText: boolean | undefined

  constructor(
    private readonly json: string,
    private readonly isText: (column: string) => boolean,
  ) {}

  rewrite(): string {
    const { json } = this
    while (this.at < json.length) {
      const code = json.charCodeAt(this.at)
      if (code === QUOTE) this.skipString()
      else if (startsNumber(code)) this.takeNumber()
      else if (isOpening(code) && this.depth === MAX_DEPTH) this.takeNested()
      else {
        if (isOpening(code)) this.depth += 1
        else if (isClosing(code)) this.depth -= 1
        this.at += 1
      }
    }
    return this.copied === 0 ? json : this.written + json.slice(this.copied)
  }

  private skipString(): void {
    const end = endOfString(this.json, this.at)
    if (this.depth === 1) {
      this.column = [this.at, end]
      this.columnKeepsText = undefined
    }
    this.at = end
  }

  private takeNumber(): void {
    NUMBER.lastIndex = this.at
    const [token = ''] = NUMBER.exec(this.json) ?? []
    this.columnKeepsText ??= this.isText(JSON.parse(this.json.slice(...this.column)))
    if (this.columnKeepsText || !isExact(token)) this.replace(this.at + token.length, `"${token}"`)
    else this.at += token.length
  }

  private takeNested(): void {
    const { json, at: start } = this
    let end = start
    let open = 0
    do {
      const code = json.charCodeAt(end)
      if (isOpening(code)) open += 1
      else if (isClosing(code)) open -= 1
      end = code === QUOTE ? endOfString(json, end) : end + 1
    } while (open > 0)
    this.replace(end, JSON.stringify(json.slice(start, end)))
  }

  private replace(end: number, text: string): void {
    this.written += this.json.slice(this.copied, this.at) + text
    this.at = this.copied = end
  }
}

/** The index after the closing quote, which has an even number of backslashes before it. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let before = quote
    while (json[before - 1] === '\\') before -= 1
    if ((quote - before) % 2 === 0) return quote + 1
  }
}

function isExact(token: string): boolean {
  if (token.length <= ALWAYS_EXACT_LENGTH) return true
  const converted = String(Number(token))
  return converted === token || decimalOf(converted) === decimalOf(token)
}

/** The normal form of a number: equal for `12.50`, `1.25e1` and `12.5`. */
function decimalOf(text: string): string {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = whole + fraction
  let first = 0
  while (digits[first] === '0') first += 1
  let end = digits.length
  while (end > first && digits[end - 1] === '0') end -= 1
  if (first === end) return '0'
  const exponent = Number(power) - fraction.length + digits.length - end
  return `${text.startsWith('-') ? '-' : ''}${digits.slice(first, end)}e${exponent}`
}
