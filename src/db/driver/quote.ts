/** Quotes an identifier. `sql(name)` of postgres.js would split the name at dots. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** Quotes a string literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
