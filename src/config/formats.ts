import { BlockList, isIP, isIPv4 } from 'node:net'
import { parseAuditPublicKeys, parseAuditSigningKey } from '../lib/audit/audit-keys.js'
import { parseSigningKeys, SigningKeyError } from '../lib/auth/signing-keys.js'
import { DATABASE_URL_FORM } from '../lib/database-url/error.js'
import { parseDatabaseUrl } from '../lib/database-url/parse.js'
import { readAddress } from '../lib/network/trusted-proxies.js'
import { parseRedisUrl, REDIS_URL_FORM } from '../lib/redis/url.js'

export type Format = {
  /** The rest of the message "must be …". */
  expected: string
  accepts: (value: string) => boolean
  /** Why the value is refused, without showing any of it. Undefined when there is no more to say. */
  reason?: (value: string) => string | undefined
}

/** The formats of settings. */
export const formats = {
  path: { expected: 'a path', accepts: (value) => !value.includes('\0') },
  host: {
    expected: 'a host name or an address to listen on, such as 127.0.0.1',
    accepts: (value) => isIP(value) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value),
  },
  'public-url': {
    expected: 'an address such as https://api.example.com, without credentials, query or fragment',
    accepts: (value) => {
      const url = parseUrl(value, ['http:', 'https:'])
      return url !== undefined && url.href === `${url.origin}${url.pathname}`
    },
  },
  'page-url': {
    expected: 'the address of a page such as https://app.example.com/account, without credentials',
    accepts: (value) => parseUrl(value, ['http:', 'https:'])?.username === '',
  },
  contact: {
    expected:
      'addresses such as mailto:security@example.com, https://example.com/security or tel:+1-201-555-0123, separated by commas',
    accepts: (value) => /^(mailto:[^\s@]+@[^\s@]+|tel:\+[\d-]+|https:\/\/[^\s/]+\S*)$/.test(value),
  },
  'proxy-range': {
    expected:
      'addresses or CIDR ranges such as 10.0.0.0/8, separated by commas; a bare true, a number of hops or a range of every address would let clients forge their address',
    accepts: isProxyRange,
  },
  origin: {
    expected:
      'origins such as https://app.example.com (no path, no slash at the end), separated by commas, or *',
    accepts: (value) => value === '*' || parseUrl(value, ['http:', 'https:'])?.origin === value,
  },
  'postgres-url': parsedFormat(DATABASE_URL_FORM, parseDatabaseUrl),
  'redis-url': parsedFormat(REDIS_URL_FORM, parseRedisUrl),
  'key-prefix': {
    // No braces: in Redis Cluster they decide which node has the key.
    expected: 'up to 64 letters, digits and any of : . _ -',
    accepts: (value) => /^[\w:.-]{1,64}$/.test(value),
  },
  'collector-url': urlFormat(['http:', 'https:'], 'http://localhost:4318'),
  'smtp-url': urlFormat(['smtp:', 'smtps:'], 'smtp://user:password@host:587'),
  mailbox: {
    expected: 'an e-mail address such as no-reply@example.com or Example <no-reply@example.com>',
    // No line break, which would begin another header.
    accepts: (value) => /^([^<>\p{Cc}]+ <[^\s<>@]+@[^\s<>@]+>|[^\s<>@,]+@[^\s<>@,]+)$/u.test(value),
  },
  'private-keys': {
    expected: 'one or more Ed25519 or P-256 private keys, such as npm run jwt:key prints',
    ...keyFormat(parseSigningKeys),
  },
  'audit-signing-key': {
    expected: 'one Ed25519 private key, such as npm run audit:keys prints',
    ...keyFormat(parseAuditSigningKey),
  },
  'audit-public-keys': {
    expected: 'one or more Ed25519 public keys, such as npm run audit:keys prints',
    ...keyFormat(parseAuditPublicKeys),
  },
  'metrics-token': {
    expected: '32 characters or more, without spaces, such as openssl rand -hex 32 prints',
    accepts: (value) => /^[\x21-\x7e]{32,}$/.test(value),
  },
  'file-path': {
    expected: 'the path of a file, without any of < > " | ? * :, or off',
    accepts: (value) => /^([a-z]:)?[^<>"|?*:\p{Cc}]*[^<>"|?*:\p{Cc}/\\]$/iu.test(value),
  },
} as const satisfies Record<string, Format>

export type FormatName = keyof typeof formats

function urlFormat(protocols: string[], example: string): Format {
  return {
    expected: `a URL such as ${example}, with special characters of the password percent-encoded`,
    accepts: (value) => isDecodable(value) && parseUrl(value, protocols) !== undefined,
  }
}

/** A format for a parser whose errors never quote the value. */
function parsedFormat(form: string, parse: (value: string) => unknown): Required<Format> {
  const mistakeIn = (value: string): string | undefined => {
    try {
      parse(value)
      return undefined
    } catch (error) {
      return (error as { mistake: string }).mistake
    }
  }
  return {
    expected: form,
    accepts: (value) => mistakeIn(value) === undefined,
    reason: (value) => {
      const mistake = mistakeIn(value)
      return mistake === `must be ${form}` ? undefined : `it ${mistake}`
    },
  }
}

function parseUrl(value: string, protocols: string[]): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  // An unencoded slash or hash in the password ends the authority early: part of it would be taken for
  // a host.
  const isWhole = url && !`${url.pathname}${url.search}${url.hash}`.includes('@')
  return isWhole && url.hostname !== '' && protocols.includes(url.protocol) ? url : undefined
}

/**
 * Clients decode the parts of a URL. On an unencoded `%` they fail with an error that does not name the
 * setting.
 */
function isDecodable(value: string): boolean {
  try {
    return decodeURIComponent(value) !== ''
  } catch {
    return false
  }
}

function isProxyRange(value: string): boolean {
  const [, address = '', prefix] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(value) ?? []
  const family = isIP(address)
  if (family === 0) return false
  if (prefix === undefined) return true
  const bits = Number(prefix)
  return bits <= (family === 4 ? 32 : 128) && bits >= minBits(address, bits, family)
}

/**
 * The prefix length of the widest private networks, 10.0.0.0/8 and fc00::/7. A few wider ranges could cover
 * all addresses in halves or quarters.
 */
function minBits(address: string, bits: number, family: number): number {
  if (family === 4) return 8
  const range = new BlockList()
  range.addSubnet(address, bits, 'ipv6')
  // IPv4-mapped IPv6 addresses are ::ffff:0:0/96.
  const holdsIpv4 = isIPv4(readAddress(address) ?? '') || range.check('::ffff:0.0.0.0', 'ipv6')
  return holdsIpv4 ? 96 + 8 : 7
}

function keyFormat(parse: (keys: string) => unknown) {
  const reason = (keys: string): string | undefined => {
    try {
      parse(keys)
      return undefined
    } catch (error) {
      return error instanceof SigningKeyError ? error.message : 'it cannot be read'
    }
  }
  return { reason, accepts: (keys: string) => reason(keys) === undefined }
}
