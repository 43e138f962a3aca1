import { createConfig, lintFromString } from '@redocly/openapi-core'
import { parse } from 'yaml'
import { isSecretName } from '../src/lib/audit/redact.js'
import { PRODUCT } from '../src/lib/product.js'
import { buildTestApp } from './helpers/app.js'
import { type JsonSchema, operationsOf } from './helpers/operations.js'
import { findMistake } from './helpers/problems.js'
import t from './tap.js'

const { app, anonymous, signUp } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })

const operations = operationsOf(app)
const documentedPaths = [...new Set(operations.map(({ path }) => path))]

/** Operations without authentication. A new one must be added here deliberately. */
const PUBLIC = [
  'GET /.well-known/jwks.json',
  'GET /healthz',
  'GET /readyz',
  'POST /api/v1/auth/forgot-password',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
  'POST /api/v1/auth/resend-verification',
  'POST /api/v1/auth/reset-password',
  'POST /api/v1/auth/verify-email',
  'POST /api/v1/invitations/accept',
]

/** Pages and their files, which are for people and not for clients. */
const UNDOCUMENTED = [
  /^\/$/,
  /^\/api-docs(\/|\/json|\/yaml|\/static\/.+)?$/,
  /^\/static\/\*$/,
  /^\/(verify-email|reset-password|accept-invitation|forgot-password)$/,
  /^\/favicon\.ico$/,
  /^\/\.well-known\/(change-password|security\.txt)$/,
  /^\/dev\/mail(\/|$)/,
  /^\/admin\//,
]

t.test('serves the same document as JSON and as YAML', async (t) => {
  const json = await anonymous.request({ method: 'GET', url: '/api-docs/json' })
  t.match(json, { status: 200, headers: { 'content-type': /^application\/json/ } })
  t.match(json.body, {
    openapi: /^3\.1\./,
    info: { title: `${PRODUCT.title} API`, license: { identifier: 'MIT' } },
  })
  t.strictSame(
    json.body.servers.map(({ url }: { url: string }) => url),
    ['/'],
  )
  const yaml = await anonymous.request({ method: 'GET', url: '/api-docs/yaml' })
  t.match(yaml, { status: 200, headers: { 'content-type': /yaml/ } })
  t.strictSame(parse(yaml.text), json.body)
  t.notMatch(yaml.text, /: [&*]a\d/, 'the YAML has no anchors, which some readers refuse')
})

t.test('the document passes the linter', async (t) => {
  const config = await createConfig({
    extends: ['recommended'],
    rules: {
      'operation-4xx-problem-details-rfc7807': 'error',
      'operation-singular-tag': 'error',
      'operation-tag-defined': 'error',
      'paths-kebab-case': 'error',
      'no-http-verbs-in-paths': 'error',
    },
  })
  const source = JSON.stringify(app.swagger())
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  t.strictSame(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`),
    [],
  )
})

t.test('every operation documents its purpose and its answers', async (t) => {
  const ids = operations.map(({ documented }) => documented.operationId)
  t.equal(new Set(ids).size, operations.length)
  for (const { name, documented } of operations) {
    t.match(documented.operationId, /^[a-z]+([A-Z][a-z]+)+$/, name)
    t.match(documented.summary, /^[A-Z].{5,60}[^.]$/, name)
    t.equal(documented.tags.length, 1, name)
    for (const [status, { description }] of Object.entries(documented.responses)) {
      t.notMatch(description, /^Default Response$|%s/, `${name} ${status}`)
    }
  }
})

t.test('every operation documents its errors as problems', async (t) => {
  for (const { name, method, path, isPublic, documented } of operations) {
    const statuses = Object.keys(documented.responses).map(Number)
    t.equal(statuses.filter((status) => status < 400).length, 1, name)
    const needed = [
      [400, 500, 503],
      isPublic ? [] : [401],
      method === 'GET' ? [] : [413, 415],
      path.includes('{') ? [404] : [],
    ].flat()
    t.strictSame(
      needed.filter((status) => !statuses.includes(status)),
      [],
      name,
    )
    for (const status of statuses.filter((status) => status >= 400)) {
      if (path === '/readyz' && status === 503) continue
      const types = Object.keys(documented.responses[status]?.content ?? {})
      t.strictSame(types, ['application/problem+json'], `${name} ${status}`)
    }
  }
})

t.test('no example fills in an optional parameter, which would narrow the first result', async (t) => {
  for (const { name, documented } of operations) {
    for (const { name: parameter, required, schema, ...others } of documented.parameters ?? []) {
      const isFilled = ['example', 'examples'].some((key) => key in { ...schema, ...others })
      t.notOk(!required && isFilled, `${name} ${parameter}`)
    }
  }
})

t.test('every route is documented, and a documented path answers no other method', async (t) => {
  const paths = [...app.knownPaths].map((path) => path.replace(/:(\w+)/g, '{$1}'))
  const isHidden = (path: string) => UNDOCUMENTED.some((pattern) => pattern.test(path))
  t.strictSame(paths.filter((path) => !isHidden(path)).sort(), [...documentedPaths].sort())
  for (const path of documentedPaths) {
    const ofPath = operations.filter((operation) => operation.path === path)
    const methods: string[] = ofPath.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allowed = [...methods, 'OPTIONS'].sort()
    const url = ofPath[0]?.url ?? ''
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const) {
      if (methods.includes(method)) continue
      const answer = await anonymous.request({ method: method as 'GET', url })
      t.strictSame(answer.headers.allow?.split(', ').sort(), allowed, `${method} ${path}`)
      if (method === 'HEAD') t.strictSame([answer.status, answer.text], [405, ''])
      else
        t.equal(
          findMistake(answer, { status: 405, code: 'METHOD_NOT_ALLOWED' }),
          undefined,
          `${method} ${path}`,
        )
    }
    const options = await anonymous.request({ method: 'OPTIONS', url: `${url}?any=1` })
    t.strictSame(
      [options.status, options.text, options.headers.allow?.split(', ').sort()],
      [204, '', allowed],
    )
  }
})

t.test('only public operations answer without a token', async (t) => {
  t.strictSame(
    operations
      .filter(({ isPublic }) => isPublic)
      .map(({ name }) => name)
      .sort(),
    PUBLIC,
  )
  const { accessToken = '' } = (await signUp({ role: 'super_admin' })).user ?? {}
  const tokens = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer junk',
    'Bearer a.b.c',
    `Basic ${accessToken}`,
    accessToken,
    `Bearer ${accessToken}x`,
    `Bearer ${accessToken}, Bearer ${accessToken}`,
    `Bearer ${accessToken.slice(0, -10)}`,
  ]
  for (const { name, method, url, isPublic } of operations) {
    if (isPublic) continue
    for (const authorization of tokens) {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await anonymous.request({ method, url, headers })
      t.equal(
        findMistake(answer, { status: 401, code: 'UNAUTHORIZED' }),
        undefined,
        `${name} ${authorization}`,
      )
      t.match(answer.headers['www-authenticate'], /^Bearer/)
    }
    for (const parameter of ['access_token', 'token', 'authorization', 'jwt']) {
      const answer = await anonymous.request({ method, url: `${url}?${parameter}=${accessToken}` })
      t.equal(answer.status, 401, `${name}: a token in the URL is ignored`)
    }
  }
})

t.test('HEAD answers like GET without the body', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  for (const { name, url } of operations.filter(({ method }) => method === 'GET')) {
    // The record of an earlier request would appear between the two answers.
    await app.settleAuditRequests()
    const get = await admin.request({ method: 'GET', url })
    const head = await admin.request({ method: 'HEAD', url })
    const stable = ({ headers }: typeof get) => {
      const { date: _date, 'x-request-id': _id, 'content-length': length, ...others } = headers
      return get.status === 200 ? { ...others, length } : others
    }
    t.strictSame([head.status, head.text, stable(head)], [get.status, '', stable(get)], name)
  }
})

/** The names of all properties of a schema, including those in references. */
function propertyNames(schema: JsonSchema & { $ref?: string; items?: JsonSchema }): string[] {
  const { components } = app.swagger() as unknown as { components: { schemas: Record<string, JsonSchema> } }
  const referred = schema.$ref && components.schemas[schema.$ref.split('/').at(-1) ?? '']
  const parts = [referred, schema.items, ...Object.values(schema.properties ?? {})]
  return [
    ...Object.keys(schema.properties ?? {}),
    ...parts.flatMap((part) => (part ? propertyNames(part) : [])),
  ]
}

/** Fields of bodies that no response shows. */
const UNSHOWN = ['password']

t.test('responses show every field of the body that creates or changes an object', async (t) => {
  const { components } = app.swagger() as unknown as { components: { schemas: Record<string, JsonSchema> } }
  const changes = operations.filter(
    ({ method, documented }) => documented.responses[201] || method === 'PATCH',
  )
  t.ok(changes.length > 4)
  for (const { name, body, documented } of changes) {
    const { content } = documented.responses[201] ?? documented.responses[200] ?? {}
    const schema: JsonSchema & { $ref?: string } = content?.['application/json']?.schema ?? {}
    const shown = (schema.$ref ? components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema)?.properties
    const missing = Object.keys(body?.properties ?? {}).filter((field) => !shown?.[field])
    t.strictSame(
      missing.filter((field) => !UNSHOWN.includes(field)),
      [],
      name,
    )
  }
})

t.test('no answer schema has a secret, except those of operations that issue tokens', async (t) => {
  const issueTokens = ['signIn', 'refreshTokens']
  for (const { name, documented } of operations) {
    const contents = Object.values(documented.responses).flatMap(({ content }) =>
      Object.values(content ?? {}),
    )
    const secrets = contents.flatMap(({ schema }) => propertyNames(schema)).filter(isSecretName)
    t.equal(secrets.length > 0, issueTokens.includes(documented.operationId), `${name} ${secrets}`)
  }
})
