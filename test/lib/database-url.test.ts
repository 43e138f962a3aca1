import {
  changeDatabaseUrl,
  DatabaseUrlError,
  parseDatabaseUrl,
  placesOf,
} from '../../src/lib/database-url/index.js'
import t from '../tap.js'

const read = (rest: string) => parseDatabaseUrl(`postgres://${rest}`)

t.test('decodes the names of roles, passwords and databases', async (t) => {
  for (const user of ['svc@proj.iam', 'svc%40proj.iam']) {
    t.match(read(`${user}:p%2Fw@host/db`), { user: 'svc@proj.iam', password: 'p/w', database: 'db' })
  }
  t.match(read('a:p@:#w@host:5433/my%20db'), { password: 'p@:#w', database: 'my db' })
  t.match(read('host'), { password: undefined, places: [{ host: 'host', port: 5432 }] })
  t.match(read('ada@host'), { user: 'ada', database: 'ada' })
  t.match(read('/db?user=svc@proj.iam&password=p%40w&host=h'), { user: 'svc@proj.iam', password: 'p@w' })
})

t.test('accepts one host, several hosts and Unix sockets', async (t) => {
  const places = (rest: string) => read(rest).places.map(({ host, port }) => `${host} ${port}`)
  t.strictSame(places('a:b@h1:5432,h2:5433,[::1]/db'), ['h1 5432', 'h2 5433', '::1 5432'])
  t.strictSame(places('/db?host=h1,h2&port=1,2'), ['h1 1', 'h2 2'])
  t.strictSame(places('/db?host=/var/run/postgresql'), ['/var/run/postgresql 5432'])
  t.strictSame(places('ada@%2Fvar%2Frun%2Fpostgresql:5433/db'), ['/var/run/postgresql 5433'])
  t.strictSame(places('/db'), ['localhost 5432'])
  t.equal(placesOf('postgres://a:b@h1,[::1]:2/db'), 'h1:5432,[::1]:2')
})

t.test('interprets sslmode as libpq does', async (t) => {
  const modes = {
    '': 'disable',
    'sslmode=disable': 'disable',
    'sslmode=allow': 'prefer',
    'sslmode=prefer': 'prefer',
    'sslmode=require': 'require',
    'ssl=true': 'require',
    'sslmode=no-verify': 'require',
    'sslmode=require&sslrootcert=/ca.pem': 'verify-ca',
    'sslmode=verify-ca&sslrootcert=/ca.pem': 'verify-ca',
    'sslmode=verify-full': 'verify-full',
    'sslrootcert=system': 'verify-full',
    'sslrootcert=/ca.pem': 'verify-full',
    'sslmode=require&channel_binding=require': 'verify-full',
    'sslmode=require&channel_binding=prefer': 'require',
  }
  for (const [query, mode] of Object.entries(modes)) {
    t.equal(read(`a:b@host/db?${query}`).ssl.mode, mode, query)
  }
  t.equal(read('/db?host=/run&sslmode=verify-full').ssl.mode, 'disable', 'a socket needs no TLS')
})

t.test('accepts the parameters of libpq and Neon', async (t) => {
  const query =
    'sslmode=require&channel_binding=require&options=endpoint%3Dep-1&application_name=mine&connect_timeout=7' +
    '&keepalives_idle=30&keepalives_count=3&target_session_attrs=read-write&sslnegotiation=direct'
  t.match(read(`a:b@ep-1.neon.tech/db?${query}`), {
    ssl: { isDirect: true },
    options: 'endpoint=ep-1',
    applicationName: 'mine',
    connectTimeoutS: 7,
    keepAliveS: 30,
    session: 'read-write',
    ignored: ['keepalives_count'],
  })
  t.equal(read('h/db?keepalives=0').keepAliveS, 0)
})

t.test('names an unknown parameter or value and shows no part of a password', async (t) => {
  const refusals = {
    'a:hunter2@h/db?sslmod=require': /^has the parameter sslmod, which is not supported/,
    'a:hunter2@h/db?schema=public': /^has the parameter schema,/,
    'a:hunter2@h/db?sslmode=on': /^must have one of disable, .* for its parameter sslmode$/,
    'a:hunter2@h/db?sslmode=verify-ca': /^must have sslrootcert together/,
    'a:hunter2@h/db?sslmode=require&sslrootcert=system': /^must have sslmode=verify-full together/,
    'a:hunter2@h/db?sslcert=/c': /^must have both sslcert and sslkey/,
    'a:hunter2@h/db?sslnegotiation=direct': /^must have sslmode=require or stronger/,
    'a:hunter2@h/db?target_session_attrs=any-old': /target_session_attrs$/,
    'a:hunter2@h/db?host=a,b,c&port=1,2': /^(?!.*hunter2)/,
    'a:hun/ter2@h/db': /percent-encoded$/,
    'a:hun?ter2@h/db': /percent-encoded$/,
    'a:hun?ter=2@h/db': /percent-encoded$/,
    'a:12/hunter2@h/db': /percent-encoded$/,
    'a:p@12/hunter2@h/db': /percent-encoded$/,
    'a:hunter2%@h/db': /percent-encoded$/,
    'a:hunter2@h:port/db': /percent-encoded$/,
    'a:hunter2@h:70000/db': /percent-encoded$/,
  }
  for (const [rest, expected] of Object.entries(refusals)) {
    try {
      read(rest)
      if (!rest.includes('host=a,b,c')) t.fail(rest)
    } catch (error) {
      t.ok(error instanceof DatabaseUrlError, rest)
      t.match((error as DatabaseUrlError).mistake, expected, rest)
      t.notMatch(
        JSON.stringify(error, Object.getOwnPropertyNames(error)).replace(/parse\.ts.*/s, ''),
        /hun|ter2/,
      )
    }
  }
})

t.test('a URL with another database or role keeps the rest', async (t) => {
  const url = 'postgres://svc@proj.iam:p@w@h1:1,h2:2/db?sslmode=require&dbname=other'
  t.match(parseDatabaseUrl(changeDatabaseUrl(url, { database: 'a/b' })), {
    ...{ user: 'svc@proj.iam', password: 'p@w', database: 'a/b', ssl: { mode: 'require' } },
    places: [{ host: 'h1' }, { host: 'h2' }],
  })
  t.match(parseDatabaseUrl(changeDatabaseUrl(url, { user: 'a.b@c', password: '/?#' })), {
    ...{ user: 'a.b@c', password: '/?#', database: 'other' },
  })
})
