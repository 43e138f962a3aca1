// No library serves: pino-pretty cannot move fields into the message of some lines only.
import pino from 'pino'

type Fields = Record<string, unknown>

/** Writes lines for a terminal to standard output. `program` tells the processes apart that share it. */
export async function openReadableLog(program: string) {
  const { prettyFactory } = await import('pino-pretty')
  const output = pino.destination({ dest: 1, sync: true })
  const prettify = prettyFactory({
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    customPrettifiers: {
      level: (_level, _key, _fields, { labelColorized }) => `${program} ${labelColorized}`,
    },
  })
  const format = (line: string) => prettify(withRequestInMessage(JSON.parse(line)))
  return { write: (text: string) => output.write(text.trimEnd().split('\n').map(format).join('')) }
}

/** Begins with what developers look for: `GET /api/v1/me 200 4.8 ms`. */
function withRequestInMessage(fields: Fields): Fields {
  if (fields.msg !== 'request' || fields.method === undefined) return fields
  const { method, url, status, durationMs, ...rest } = fields
  return { ...rest, msg: `${method} ${withoutControls(`${url}`)} ${status} ${durationMs} ms` }
}

/** A client chose the URL: it must not control the terminal or begin a line. */
const withoutControls = (url: string): string => url.replace(/[\p{Cc}\p{Cf}]/gu, encodeURIComponent)
