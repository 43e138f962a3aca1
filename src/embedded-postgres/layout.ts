import path from 'node:path'

/** All files are in one data directory: removing it removes everything. */
export type Layout = {
  dataDir: string
  /** The PostgreSQL cluster (PGDATA). */
  cluster: string
  lock: string
  /** One empty file for each process that uses the server. */
  users: string
  /** The file with the identity of the server process. */
  server: string
  /** The file with the port of the last start. */
  port: string
  log: string
}

export function layoutOf(dataDir: string): Layout {
  const root = path.resolve(dataDir)
  const pathOf = (name: string) => path.join(root, name)
  return {
    dataDir: root,
    cluster: pathOf('cluster'),
    lock: pathOf('lock'),
    users: pathOf('users'),
    server: pathOf('server.pid'),
    port: pathOf('port'),
    log: pathOf('server.log'),
  }
}
