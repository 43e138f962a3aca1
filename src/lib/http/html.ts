// No library serves: template tags that escape are little used (ghtml: 6,000 downloads a month) or
// belong to a framework (lit, hono), and the compiler does not check the templates of engines such as
// eta.

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Markup that is safe to send. Only `html` and `raw` create it, so no string and no data of a request
 * is one.
 */
class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

export type { Html }

/** `null`, `undefined` and `false` render as nothing; a list renders its items. */
export type HtmlContent = Html | string | number | false | null | undefined | readonly HtmlContent[]

/**
 * Escapes all values except `Html`. The result is safe in text and in quoted attributes; a test refuses
 * unquoted ones.
 */
export const html = (markup: TemplateStringsArray, ...values: HtmlContent[]): Html =>
  new Html(String.raw({ raw: markup }, ...values.map(render)))

/** Does not escape the text. Only for constants, such as a style sheet. */
export const raw = (markup: string): Html => new Html(markup)

function render(value: HtmlContent): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(render).join('')
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
