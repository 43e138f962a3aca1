import AjvCompiler from '@fastify/ajv-compiler'
import type { Static, TSchema } from 'typebox'
import { formatKeyword } from './format-keyword.js'
import { patternKeyword } from './pattern-keyword.js'

const buildAjv = AjvCompiler()

/**
 * Compiles with two Ajv instances. URLs hold only text, so path and query values are coerced to numbers
 * and booleans; bodies are not coerced. All failing fields are reported. Unknown fields are refused,
 * not removed.
 */
export const buildValidator: typeof buildAjv = (schemas, options) => {
  const compilerWith = (coerceTypes: boolean) => {
    const customOptions = {
      allErrors: true,
      removeAdditional: false,
      useDefaults: true,
      coerceTypes,
      // Ajv coerces the text `Infinity` to a number, and strict mode would skip `maximum` for it.
      strictNumbers: !coerceTypes,
      // Compiling a schema checks it, too. Compiling the schema of schemas takes a tenth of a start.
      validateSchema: false,
    } as const
    return buildAjv(schemas, {
      ...options,
      mode: undefined as never,
      customOptions,
      onCreate: (ajv) => {
        ajv.removeKeyword('format').addKeyword(formatKeyword)
        ajv.removeKeyword('pattern').addKeyword(patternKeyword).addKeyword('expected')
      },
    })
  }
  const forBodies = compilerWith(false)
  const forUrls = compilerWith(true)
  return (route) => (isBodySchema(route) ? forBodies : forUrls)(route)
}

/** Fastify passes the route's schema together with the part of the request it is for. */
const isBodySchema = (route: unknown): boolean => (route as { httpPart?: string }).httpPart === 'body'

type Check = (value: unknown) => unknown

const checks = new WeakMap<object, Check>()

/**
 * Whether the value would be accepted as a request body. For values from elsewhere, such as job
 * payloads.
 */
export function matchesSchema<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  const check = checks.get(schema) ?? (buildValidator({}, {})({ schema, httpPart: 'body' } as never) as Check)
  checks.set(schema, check)
  return check(value) === true
}
