import type { FastifyInstance, InjectOptions } from 'fastify'
import { checkAgainstDocument } from './documented-answers.js'

type Body = Record<string, unknown> | unknown[]

export type Answer = {
  status: number
  headers: Record<string, string>
  /** The parsed body of a JSON answer, else undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: the test checks the body
  body: any
  text: string
}

export type Client = {
  /** The user who sends the requests; undefined for an anonymous client. */
  user: { id: string; email: string; accessToken: string; refreshToken: string } | undefined
  request: (options: InjectOptions) => Promise<Answer>
  get: (url: string, headers?: Record<string, string>) => Promise<Answer>
  post: (url: string, body?: Body, headers?: Record<string, string>) => Promise<Answer>
  patch: (url: string, body: Body) => Promise<Answer>
  delete: (url: string) => Promise<Answer>
  signIn: (email: string, password: string) => Promise<Client>
}

const API = '/api/v1'

/**
 * An HTTP client of the app, signed in as `user` or anonymous. `get`, `post` and the others take
 * paths below `/api/v1`. Every answer is checked against the OpenAPI document: an undocumented one
 * fails the test.
 */
export function createClient(app: FastifyInstance, user?: Client['user']): Client {
  const request: Client['request'] = async (options) => {
    const response = await app.inject({
      ...options,
      headers: { ...(user && { authorization: `Bearer ${user.accessToken}` }), ...options.headers },
    })
    const isJson = /[/+]json/.test(String(response.headers['content-type']))
    const answer: Answer = {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: isJson && response.body !== '' ? response.json() : undefined,
      text: response.body,
    }
    checkAgainstDocument(app, options.method ?? 'GET', String(options.url ?? options.path), answer)
    return answer
  }
  const send =
    (method: 'GET' | 'POST' | 'PATCH' | 'DELETE') =>
    (url: string, body?: Body, headers?: Record<string, string>) =>
      request({
        method,
        url: API + url,
        ...(body !== undefined && { payload: body }),
        ...(headers && { headers }),
      })

  const post = send('POST')
  return {
    user,
    request,
    get: (url, headers) => send('GET')(url, undefined, headers),
    post,
    patch: send('PATCH'),
    delete: send('DELETE'),
    signIn: async (email, password) => {
      const { status, body } = await post('/auth/login', { email, password })
      if (status !== 200) throw new Error(`${email} cannot sign in: ${status} ${body?.code}`)
      const { accessToken, refreshToken } = body
      return createClient(app, { id: body.user.id, email, accessToken, refreshToken })
    },
  }
}
