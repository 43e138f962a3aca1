import AjvCompiler from '@fastify/ajv-compiler'
import type { FastifyInstance } from 'fastify'

type Answer = { status: number; headers: Record<string, unknown>; body: unknown; text: string }
type Check = (method: string, url: string, answer: Answer) => void
type Media = Record<string, { schema: object }>
type Operation = { responses: Record<string, { content?: Media; headers?: object }> }
type Paths = Record<string, Record<string, Operation>>

/**
 * The formats that the API guarantees for ids and times in answers: UUIDv7, and UTC with
 * milliseconds.
 */
const WIRE_FORMATS = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
}

const checks = new WeakMap<FastifyInstance, Check>()
const kinds = new WeakMap<FastifyInstance, string>()
const checksByKind = new Map<string, Check>()

/** Apps of one kind have the same document. It is read once for all of them, which takes as long as many requests. */
export const shareDocument = (app: FastifyInstance, kind: string): unknown => kinds.set(app, kind)

/** @throws {Error} when the answer of a documented operation differs from the OpenAPI document */
export function checkAgainstDocument(app: FastifyInstance, ...answered: Parameters<Check>): void {
  const kind = kinds.get(app)
  const known = kind === undefined ? checks.get(app) : checksByKind.get(kind)
  const check = known ?? buildCheck(app)
  if (kind === undefined) checks.set(app, check)
  else checksByKind.set(kind, check)
  check(...answered)
}

function buildCheck(app: FastifyInstance): Check {
  const document = app.swagger() as unknown as { paths: Paths }
  const findPath = pathFinder(Object.keys(document.paths))
  const validate = bodyValidator(document)
  // The document describes limits even when they are switched off.
  const { isOn: isLimited } = app.rateLimitStats()
  return (method, url, answer) => {
    const path = findPath(url)
    const operation = path === undefined ? undefined : document.paths[path]?.[method.toLowerCase()]
    if (path === undefined || !operation) return
    const fail = (reason: string) => {
      throw new Error(`${method} ${url} answered ${answer.status} ${answer.text.slice(0, 500)}: ${reason}`)
    }
    const documented = operation.responses[answer.status]
    if (!documented) return fail('its documentation does not list this status')
    for (const name of Object.keys(documented.headers ?? {})) {
      // A 503 has no Retry-After when a retry would not help.
      if (name === 'retry-after' && answer.status === 503) continue
      const isExpected = isLimited || !name.startsWith('ratelimit')
      if ((answer.headers[name] !== undefined) !== isExpected) {
        fail(`the header ${name} is ${isExpected ? 'missing' : 'unexpected'}`)
      }
    }
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    const types = Object.keys(documented.content ?? {})
    if (types.length === 0 && answer.text !== '') fail('it should have no body')
    if (types.length === 0) return
    if (!types.includes(type)) fail(`its type is ${type} instead of ${types}`)
    const location = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      answer.status,
      'content',
      type,
      'schema',
    ]
    for (const body of bodiesOf(type, answer)) {
      const errors = validate(location, body)
      if (errors) fail(errors)
    }
  }
}

/** The values to validate: the text, the JSON body, or each line of newline-delimited JSON. */
function bodiesOf(type: string, { body, text }: Answer): unknown[] {
  if (type === 'application/x-ndjson') {
    return text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))
  }
  return [type.startsWith('text/') ? text : body]
}

/** Literal paths take precedence over templates, as in the router. */
function pathFinder(paths: string[]): (url: string) => string | undefined {
  const patterns = paths.map((path) => ({
    path,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]*')}$`),
  }))
  return (url) => {
    const { pathname } = new URL(url, 'http://localhost')
    return paths.includes(pathname) ? pathname : patterns.find(({ pattern }) => pattern.test(pathname))?.path
  }
}

function bodyValidator(document: object): (location: unknown[], body: unknown) => string | undefined {
  const compile = AjvCompiler()({ document: { $id: 'document', ...document } } as never, {
    customOptions: {
      strict: false,
      allErrors: true,
      coerceTypes: false,
      useDefaults: false,
      removeAdditional: false,
    },
    onCreate: (ajv) => {
      for (const [name, pattern] of Object.entries(WIRE_FORMATS)) ajv.addFormat(name, pattern)
    },
  })
  const compiled = new Map<string, ReturnType<typeof compile>>()
  return (location, body) => {
    const pointer = location.map((part) => encodeURIComponent(String(part).replaceAll('/', '~1'))).join('/')
    const validate = compiled.get(pointer) ?? compile({ schema: { $ref: `document#/${pointer}` } } as never)
    compiled.set(pointer, validate)
    if (validate(body)) return undefined
    return validate.errors
      ?.map(({ instancePath, message }) => `${instancePath || 'the body'} ${message}`)
      .join('; ')
  }
}
