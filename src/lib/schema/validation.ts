import AjvCompiler from '@fastify/ajv-compiler'
import type { Static, TSchema } from 'typebox'
import { formatKeyword } from './format-keyword.js'

const buildAjv = AjvCompiler()

/**
 * Ajv twice over the same schemas. A URL knows only text, so numbers there are read from it; in a body a type is what it
 * says, and nothing is coerced. Every failing field is reported; what is unknown is refused instead of removed.
 */
export const buildValidator: typeof buildAjv = (schemas, options) => {
  const compilerWith = (coerceTypes: boolean) => {
    const customOptions = {
      allErrors: true,
      removeAdditional: false,
      useDefaults: true,
      coerceTypes,
      // Ajv reads `Infinity` from a text as a number, and strictly it is none that `maximum` would look at.
      strictNumbers: !coerceTypes,
    } as const
    return buildAjv(schemas, {
      ...options,
      mode: undefined as never,
      customOptions,
      onCreate: (ajv) => {
        ajv.removeKeyword('format').addKeyword(formatKeyword)
      },
    })
  }
  const forBodies = compilerWith(false)
  const forUrls = compilerWith(true)
  return (route) => (isOfBody(route) ? forBodies : forUrls)(route)
}

/** What Fastify hands over is the route's schema together with the part of the request that it is for. */
const isOfBody = (route: unknown): boolean => (route as { httpPart?: string }).httpPart === 'body'

type Check = (value: unknown) => unknown

const checks = new WeakMap<object, Check>()

/** Whether a value would be accepted as the body of a request: the same rules for what comes from elsewhere. */
export function matchesSchema<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  const check = checks.get(schema) ?? (buildValidator({}, {})({ schema, httpPart: 'body' } as never) as Check)
  checks.set(schema, check)
  return check(value) === true
}
