import path from 'node:path'

/** Everything lives under the one data directory, so that removing it removes every trace. */
export type Layout = {
  dataDir: string
  /** The PostgreSQL cluster (PGDATA). */
  cluster: string
  lock: string
  /** One empty file for each process that uses the server. */
  users: string
  /** Identity of the server process. */
  server: string
  log: string
}

export function layoutOf(dataDir: string): Layout {
  const root = path.resolve(dataDir)
  const within = (name: string) => path.join(root, name)
  return {
    dataDir: root,
    cluster: within('cluster'),
    lock: within('lock'),
    users: within('users'),
    server: within('server.pid'),
    log: within('server.log'),
  }
}
