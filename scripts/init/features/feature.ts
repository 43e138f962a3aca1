/** A part of the starter that a product may leave out. All paths are relative to the root. */
export type Feature = {
  /** For people who choose. */
  title: string
  /** Features that cannot do without this one. They are left out with it. */
  neededBy?: readonly string[]
  /**
   * Files and folders that go. What imports them elsewhere goes by itself: the import, and each
   * statement, property or element that uses it.
   */
  owns: readonly string[]
  /**
   * What goes elsewhere in TypeScript without importing an owned file: by file, how its code begins. A
   * statement, property, element or member of a union goes as a whole, for each place that begins so.
   */
  cuts?: Readonly<Record<string, readonly string[]>>
  /** What has to read differently, in any file: by file, pairs of exact texts. */
  replacements?: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>
  /** Packages of npm. */
  packages?: readonly string[]
  /** Names of settings. */
  settings?: readonly string[]
  /** What its migrations create in `public`. Migrations, and statements of them, go with it. */
  database?: {
    tables?: readonly string[]
    types?: readonly string[]
    functions?: readonly string[]
    /** Of tables that stay. */
    columns?: Readonly<Record<string, readonly string[]>>
    indexes?: Readonly<Record<string, readonly string[]>>
  }
  /**
   * Blocks of documents: by file, a heading (`## Jobs`), whose section goes, or words of a paragraph, an
   * item of a list or a row of a table. Items and rows that link to owned files go by themselves.
   */
  docs?: Readonly<Record<string, readonly string[]>>
}
