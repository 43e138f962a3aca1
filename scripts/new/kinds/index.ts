import type { Kind } from '../field.js'
import { boolean, choice, uuid } from './choices.js'
import { bigint, integer, numeric } from './numbers.js'
import { line, text } from './texts.js'
import { date, timestamp } from './times.js'

/** The types of fields, by name. */
export const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({ line, text, boolean, integer, bigint, numeric, timestamp, date, uuid, enum: choice }),
)
