// No library serves: pino visits each field of a line in JavaScript, which takes 0.6 to 1.4 µs of CPU time more than
// JSON.stringify for the line of a request.
import type { FastifyBaseLogger } from 'fastify'
import pino from 'pino'

type Internals = { [name: symbol]: unknown }
type Format = (
  this: Internals,
  fields: object,
  msg: string | undefined,
  level: number,
  time: string,
) => string

const { asJsonSym, chindingsSym, endSym, lsCacheSym } = pino.symbols

/** What pino's own function of this name returns for fields that need no serializer. */
const asJson: Format = function (fields, msg, level, time) {
  const start = `${(this[lsCacheSym] as string[])[level]}${time}${this[chindingsSym]}`
  const json = JSON.stringify(msg === undefined ? fields : { ...fields, msg })
  return `${start},${json.slice(1, -1)}${this[endSym]}`
}

/**
 * Returns a child of the logger for lines whose fields, at least one, are texts and numbers without secrets: they are
 * neither redacted nor serialized. Levels, bindings, the time and the output stay those of `log`.
 */
export const flatLines = (log: FastifyBaseLogger): FastifyBaseLogger =>
  Object.assign(log.child({}), { [asJsonSym]: asJson })
