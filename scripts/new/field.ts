import { capitalized, type Names } from './names.js'

/** A field of a resource, such as `status:enum(active,archived)=active`. */
export type Field = {
  /** `dueAt`, in the code and the API */
  name: string
  /** `due_at`, the column */
  snake: string
  kind: Kind
  /** What stands in parentheses: a length, labels, digits. */
  args: readonly string[]
  isNullable: boolean
  /** What stands after `=`. Undefined without a default. */
  initial: string | undefined
}

/** Clients must send it. */
export const isRequired = ({ isNullable, initial }: Field): boolean => !isNullable && initial === undefined

/** A type of fields: the code that each file has for it. Biome formats the code later. */
export type Kind = {
  /** How it is written on the command line. */
  usage: string
  /** @throws {Refusal} when what stands in parentheses or after `=` does not suit the type */
  check: (field: Field) => void
  /** The column, without what nullability and a default add. */
  column: (field: Field, names: Names) => string
  /** What the column imports from drizzle, and from `columns.ts`. */
  columnImports: { pgCore?: string[]; columns?: string[] }
  /** The schema of a value that is not null, and what it imports from `schemas.ts`. */
  schema: (field: Field, names: Names) => string
  schemaImports: string[]
  /** An example, and another value. */
  examples: (field: Field) => readonly [example: string, other: string]
  /** The default. Absent for types that have none. */
  initial?: (field: Field) => string
  /** The call of `test/helpers/field-values.ts` with which a test gets values. */
  values: (field: Field) => string
  /** What lists do with it. */
  inLists: { isSorted?: true; isFiltered?: true; isSearched?: true }
}

/** The name of the enum of a field in the code: `noteStatus`. */
export const enumOf = ({ name }: Field, { singular }: Names): string => `${singular}${capitalized(name)}`
