/** As PostgreSQL writes names and texts. Not `sql(name)` of postgres.js, which takes a dot for the end of a schema's name. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
