import { createInterface, type Interface } from 'node:readline'
import postgres from 'postgres'
import { openPostgres } from '../../src/lib/database-url/index.js'

const PROMPT = '=> '
const CONTINUED = '-> '

/** Runs SQL from standard input and prints the rows as tables, until `\q` or the end of the input. */
export async function runSqlShell(url: string): Promise<void> {
  const sql = openPostgres(url, { max: 1, onnotice: ({ message }) => console.log(message) })
  console.log('psql is not installed. A statement ends with ; at the end of a line, and \\q ends this.')
  try {
    await sql`select`
    // Not earlier: lines that come before the loop are lost.
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: process.stdin.isTTY,
    })
    const prompt = createPrompt(lines)
    prompt(PROMPT)
    let statement = ''
    for await (const line of lines) {
      if (line.trim() === '\\q') break
      statement = `${statement}\n${line}`.trim()
      if (statement.endsWith(';')) {
        await runStatement(sql, statement)
        statement = ''
      }
      prompt(statement ? CONTINUED : PROMPT)
    }
    lines.close()
  } finally {
    await sql.end()
  }
}

/** At the end of the input, lines may be left to run: newer versions of Node refuse a prompt then. */
function createPrompt(lines: Interface): (text: string) => void {
  let hasEnded = false
  lines.once('close', () => {
    hasEnded = true
  })
  return (text) => {
    if (hasEnded) return
    lines.setPrompt(text)
    lines.prompt()
  }
}

async function runStatement(sql: postgres.Sql, statement: string): Promise<void> {
  try {
    const rows = await sql.unsafe(statement)
    if (rows.length > 0) console.table(rows.map(toTexts))
    console.log(`${rows.command ?? ''} ${rows.count ?? ''}`.trim())
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error
    console.log(`ERROR: ${error.message}`)
  }
}

const toTexts = (row: postgres.Row) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toText(value)]))

function toText(value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}
