import type { FastifyInstance } from 'fastify'
import type { Client } from './client.js'

export type Recorded = Record<string, unknown> & { requestId: string; outcome: string; event: string | null }

/** Reads what became of requests, once that of all so far is written. */
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
