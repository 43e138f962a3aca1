import { Refusal } from './refusal.js'
import { singularOf } from './singular.js'

/** The name of a resource in every spelling. For `invoiceLines`: */
export type Names = {
  /** `invoiceLines`, the table in the code */
  plural: string
  /** `invoiceLine` */
  singular: string
  /** `InvoiceLines`, the end of names of functions */
  Plural: string
  /** `InvoiceLine`, the type of a row, and the schema */
  Singular: string
  /** `invoice-lines`, in paths and names of files */
  kebab: string
  /** `invoice_lines`, the table in SQL */
  snake: string
  /** `invoice_line`, the beginning of names of enums in SQL */
  snakeSingular: string
  /** `INVOICE_LINE`, the beginning of names of constants */
  constant: string
  /** `invoice lines`, in sentences */
  words: string
  /** `invoice line` */
  noun: string
  /** `an invoice line` */
  one: string
}

/** With it, the name of the foreign key to organizations has the 63 characters that PostgreSQL keeps. */
const MAX_LENGTH = 27

/**
 * @param singular for plurals whose singular `singular.ts` gets wrong; default: its singular
 * @throws {Refusal} when the name is no plural in camelCase, or too long
 */
export function namesOf(plural: string, singular?: string): Names {
  const words = wordsOf(plural)
  const last = words.at(-1) ?? ''
  const one = singular === undefined ? singularOf(last) : wordsOf(singular).at(-1)
  if (one === undefined || one === last)
    throw new Refusal(
      `${plural} must be a plural such as notes (if it is one, name its singular: --singular)`,
    )
  const wordsOfOne = singular === undefined ? [...words.slice(0, -1), one] : wordsOf(singular)
  const snake = words.join('_')
  if (snake.length > MAX_LENGTH)
    throw new Refusal(`${plural} is too long: as ${snake} it must have at most ${MAX_LENGTH} characters`)
  return {
    plural,
    singular: camel(wordsOfOne),
    Plural: capitalized(plural),
    Singular: capitalized(camel(wordsOfOne)),
    kebab: words.join('-'),
    snake,
    snakeSingular: wordsOfOne.join('_'),
    constant: wordsOfOne.join('_').toUpperCase(),
    words: words.join(' '),
    noun: wordsOfOne.join(' '),
    one: withArticle(wordsOfOne.join(' ')),
  }
}

/** Without digits, which names of operations in the document of the API cannot have. */
function wordsOf(name: string): string[] {
  if (!/^[a-z]+([A-Z][a-z]+)*$/.test(name))
    throw new Refusal(`${name} must be in camelCase, of letters only, such as notes or invoiceLines`)
  return splitWords(name)
}

/** `dueAt` has the words `due` and `at`. */
export const splitWords = (camelCase: string): string[] =>
  camelCase.split(/(?=[A-Z])/).map((word) => word.toLowerCase())

export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `a note`, `an invoice`, `a user`. */
export const withArticle = (noun: string): string =>
  `${/^[aeiou](?!ni[^n]|s[aeiou]|u)/.test(noun) ? 'an' : 'a'} ${noun}`

const camel = ([first = '', ...others]: string[]): string => [first, ...others.map(capitalized)].join('')
