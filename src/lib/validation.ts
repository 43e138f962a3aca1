import AjvCompiler from '@fastify/ajv-compiler'

const buildAjv = AjvCompiler()

/**
 * Ajv twice over the same schemas. A URL knows only text, so numbers there are read from it; in a body a type is what it
 * says, and nothing is coerced. Every failing field is reported; what is unknown is refused instead of removed.
 */
export const buildValidator: typeof buildAjv = (schemas, options) => {
  const compilerWith = (coerceTypes: boolean) => {
    // Never `coerceTypes: 'array'`: it makes one value out of a parameter that was given twice.
    const customOptions = {
      allErrors: true,
      removeAdditional: false,
      useDefaults: true,
      coerceTypes,
    } as const
    return buildAjv(schemas, { ...options, mode: undefined as never, customOptions })
  }
  const forBodies = compilerWith(false)
  const forUrls = compilerWith(true)
  return (route) => (isOfBody(route) ? forBodies : forUrls)(route)
}

/** What Fastify hands over is the route's schema together with the part of the request that it is for. */
const isOfBody = (route: unknown): boolean => (route as { httpPart?: string }).httpPart === 'body'
