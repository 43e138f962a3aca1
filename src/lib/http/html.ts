// No library serves: tags that escape are hardly used (ghtml: 6,000 downloads a month) or belong to a framework
// (lit, hono), and what a template engine such as eta renders is checked by no compiler.

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Markup that is safe to send. Only `html` and `raw` make it: no string passes for it, and nothing out of a request. */
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

/** `null`, `undefined` and `false` render as nothing, a list as its items. */
export type HtmlContent = Html | string | number | false | null | undefined | readonly HtmlContent[]

/** Escapes every value that is not `Html` itself: safe in text and in quoted attributes. A test refuses unquoted ones. */
export const html = (markup: TemplateStringsArray, ...values: HtmlContent[]): Html =>
  new Html(String.raw({ raw: markup }, ...values.map(render)))

/** Trusts the text as it is: for constants, such as a style sheet. */
export const raw = (markup: string): Html => new Html(markup)

function render(value: HtmlContent): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(render).join('')
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
