import { isUtf8 } from 'node:buffer'
import { MalformedJson, TooManyFields } from '../errors/errors.js'

const QUOTE = 34
const COLON = 58
const BACKSLASH = 92

/** Many names cost far more than their bytes, at every step from here on; no operation needs nearly as many. */
const MAX_NAMES = 10_000

/**
 * JSON, read strictly: what two parsers would read differently is refused, and so is what could reach a prototype
 * (OWASP ASVS 5.0, 1.5.3 and 15.3.6). Linear and without recursion: neither depth nor breadth of a document can hurt.
 * Throws MalformedJson and TooManyFields.
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new MalformedJson('it is not in UTF-8')
  const text = bytes.toString().replace(/^\uFEFF/, '')
  const written = countWrittenNames(text)
  if (written > MAX_NAMES) throw new TooManyFields()
  const value = parse(text)
  // The last of two equal names wins when they are parsed: then fewer are there than were written.
  if (countNames(value) !== written) throw new MalformedJson('a name stands twice in an object')
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedJson('it cannot be parsed')
  }
}

/** In valid JSON every colon outside a string follows a name. */
function countWrittenNames(text: string): number {
  let count = 0
  let isInString = false
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charCodeAt(i)
    if (character === QUOTE) isInString = !isInString
    else if (isInString && character === BACKSLASH) i += 1
    else if (!isInString && character === COLON) count += 1
  }
  return count
}

function countNames(document: unknown): number {
  let count = 0
  const containers: object[] = [[document]]
  for (let container = containers.pop(); container; container = containers.pop()) {
    const children: unknown[] = Array.isArray(container) ? container : Object.values(container)
    if (!Array.isArray(container)) {
      refusePrototypes(container)
      count += children.length
    }
    for (const child of children) if (typeof child === 'object' && child !== null) containers.push(child)
  }
  return count
}

function refusePrototypes(object: object): void {
  const isOfConstructor =
    Object.hasOwn(object, 'constructor') && Object.hasOwn(Object(object.constructor), 'prototype')
  if (isOfConstructor || Object.hasOwn(object, '__proto__')) throw new MalformedJson('it names a prototype')
}
