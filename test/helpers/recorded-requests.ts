import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Client } from './client.js'

export type Recorded = Record<string, unknown> & { requestId: string; outcome: string; event: string | null }

/** Reads request records, once those of all requests so far are written. */
export const recordedRequests =
  (app: FastifyInstance, admin: Client) =>
  async (query: Record<string, string> = {}): Promise<Recorded[]> => {
    await app.settleAuditRequests()
    const { status, body } = await admin.get(
      `/audit-requests?${new URLSearchParams({ limit: '100', ...query })}`,
    )
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.data
  }

export type Call = {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  url: string
  payload?: object
  requestId?: string | undefined
}

/** Sends a request and returns its record. */
export const recordsOfCalls =
  (search: ReturnType<typeof recordedRequests>) =>
  async (client: Client, { method = 'POST', url, payload, requestId = randomUUID() }: Call) => {
    const { status } = await client.request({
      method,
      url: `/api/v1${url}`,
      ...(payload && { payload }),
      headers: { 'x-request-id': requestId },
    })
    const [record, ...others] = await search({ requestId })
    if (others.length > 0) throw new Error(`${others.length + 1} records of one request`)
    return { status, record, requestId }
  }
