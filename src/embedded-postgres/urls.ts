import { APP_ROLE, type Credentials, DATABASE, OWNER_ROLE, SUPERUSER } from './cluster.js'

/** The URLs of the server at `port` for each role. */
export function databaseUrls({ superuser, owner, app }: Credentials, port: number) {
  const url = (role: string, password: string, database: string) =>
    `postgres://${role}:${password}@127.0.0.1:${port}/${database}`
  return {
    superuserUrl: url(SUPERUSER, superuser, SUPERUSER),
    ownerUrl: url(OWNER_ROLE, owner, DATABASE),
    appUrl: url(APP_ROLE, app, DATABASE),
  }
}
