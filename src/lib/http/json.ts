import { isUtf8 } from 'node:buffer'
import { MalformedJson, TooManyFields } from '../errors/errors.js'

const QUOTE = 34
const COLON = 58
const BACKSLASH = 92

/** Each name costs far more time than its bytes in every later step. No operation needs nearly as many. */
const MAX_NAMES = 10_000

/**
 * Parses JSON strictly: refuses documents that two parsers could read differently, and names that could
 * reach a prototype (OWASP ASVS 5.0, 1.5.3 and 15.3.6). Takes linear time without recursion, so deep
 * and broad documents are harmless.
 * @throws {MalformedJson} when the bytes are not UTF-8, not JSON, repeat a name or name a prototype
 * @throws {TooManyFields} when there are more than 10,000 names
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new MalformedJson('it is not in UTF-8')
  const text = bytes.toString().replace(/^\uFEFF/, '')
  const namesInText = countNamesInText(text)
  if (namesInText > MAX_NAMES) throw new TooManyFields()
  const value = parse(text)
  // JSON.parse keeps the last of two equal names: then the value has fewer names than the text.
  if (countNames(value) !== namesInText) throw new MalformedJson('an object has the same name twice')
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedJson('it cannot be parsed')
  }
}

/** In valid JSON, every colon outside a string follows a name. */
function countNamesInText(text: string): number {
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
  const namesConstructorPrototype =
    Object.hasOwn(object, 'constructor') && Object.hasOwn(Object(object.constructor), 'prototype')
  if (namesConstructorPrototype || Object.hasOwn(object, '__proto__'))
    throw new MalformedJson('it names a prototype')
}
