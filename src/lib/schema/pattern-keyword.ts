type Validate = { (text: string): boolean; errors?: object[] }

/** @throws {Error} when the pattern has no message; this happens when the schema is compiled, at start */
function compile(pattern: string, { expected }: Record<string, unknown>): Validate {
  if (expected === undefined)
    throw new Error(`The pattern ${pattern} has no message: add "expected" beside it`)
  const expression = new RegExp(pattern, 'u')
  const message = `must be ${expected}`
  const validate: Validate = (text) => {
    if (expression.test(text)) return true
    validate.errors = [{ keyword: 'pattern', params: {}, message }]
    return false
  }
  return validate
}

/**
 * Replaces Ajv's `pattern`, whose message is the regular expression. `expected`, beside the pattern, is the
 * rest of the message "must be …"; the OpenAPI document omits it.
 */
export const patternKeyword = { keyword: 'pattern', type: 'string', schemaType: 'string', compile } as const
