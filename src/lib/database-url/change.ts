import { splitUrl } from './parse.js'

type Changes = { database?: string; user?: string; password?: string }

/** The same server with another database, or by another role; parameters that say otherwise go. */
export function changeDatabaseUrl(url: string, { database, user, password = '' }: Changes): string {
  const parts = splitUrl(url)
  const replaced = [
    ...(database === undefined ? [] : ['dbname']),
    ...(user === undefined ? [] : ['user', 'password']),
  ]
  const query = parts.query.split('&').filter((pair) => !replaced.includes(pair.split('=')[0] ?? ''))
  const credentials =
    user === undefined ? parts.credentials : [user, password].map(encodeURIComponent).join(':')
  return [
    'postgres://',
    credentials === undefined ? '' : `${credentials}@`,
    parts.hosts,
    '/',
    database === undefined ? parts.database : encodeURIComponent(database),
    query.some(Boolean) ? `?${query.join('&')}` : '',
  ].join('')
}
