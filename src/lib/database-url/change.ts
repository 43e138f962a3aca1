import { splitUrl } from './parse.js'

type Changes = { database?: string; user?: string; password?: string }

/**
 * Returns the URL with another database or role; what is not given stays. Removes the parameters `dbname`,
 * `user` and `password` that would override it. `password` defaults to an empty one.
 */
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
