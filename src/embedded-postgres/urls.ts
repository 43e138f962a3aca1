import { type Credentials, SUPERUSER } from './cluster.js'

/** The URLs of the server at `port` for each role. */
export function databaseUrls({ superuser, owner, app, names }: Credentials, port: number) {
  const url = (role: string, password: string, database: string) =>
    `postgres://${role}:${password}@127.0.0.1:${port}/${database}`
  return {
    superuserUrl: url(SUPERUSER, superuser, SUPERUSER),
    ownerUrl: url(names.owner, owner, names.database),
    appUrl: url(names.app, app, names.database),
  }
}
