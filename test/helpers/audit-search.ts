import type { Client } from './client.js'

export type Entry = Record<string, unknown> & {
  id: string
  createdAt: string
  tableName: string
  objectId: string
  action: string
  stateBefore: Record<string, unknown> | null
  stateAfter: Record<string, unknown> | null
}

/** Searches the audit log as this user. @throws {Error} when the answer is not a page */
export const searchAs =
  (client: Client) =>
  async (query: Record<string, string>): Promise<Entry[]> => {
    const { status, body } = await client.get(
      `/audit-logs?${new URLSearchParams({ limit: '100', ...query })}`,
    )
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.data
  }
