import { builtinModules } from 'node:module'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

/** What a product chose when it was made. `starter.json` keeps it. */
export type Choices = {
  /** Letters, digits and hyphens, such as `acme` or `Acme-Shop`. */
  name: string
  description: string
  /** Where mails come from. Undefined: the host of `PUBLIC_URL`. */
  emailDomain?: string | undefined
  /** Names of features, sorted. */
  without: readonly string[]
}

/** The content of `starter.json`. `starter` is the release that the product was made from. */
export type StarterRecord = Choices & { starter: string }

export const RECORD_FILE = 'starter.json'

/** Names that npm refuses, and words that code, containers or PostgreSQL understand differently. */
const RESERVED = (
  'app default false http https new node node-modules null package postgres public root template template0 ' +
  'template1 test true undefined'
).split(' ')

const NAME_MAX_LENGTH = 50

/** Why the name cannot be that of a product, in one line; undefined for one that can. */
export function mistakeInName(name: string): string | undefined {
  const quoted = JSON.stringify(name)
  if (name === '') return 'the name is missing: --name acme'
  if (name.length > NAME_MAX_LENGTH) return `the name has more than ${NAME_MAX_LENGTH} characters`
  if (!/^[a-z]/i.test(name)) return `the name ${quoted} must begin with a letter`
  if (!/^[a-z0-9-]+$/i.test(name)) return `the name ${quoted} must consist of letters, digits and hyphens`
  if (/-$|--/.test(name)) return `the name ${quoted} must have a letter or a digit after each hyphen`
  const reserved = [...RESERVED, ...builtinModules].includes(slugOf(name))
  return reserved ? `the name ${quoted} is reserved` : undefined
}

export function mistakeInDescription(description: string): string | undefined {
  return /^[^\r\n]{1,200}$/.test(description.trim())
    ? undefined
    : 'the description must be one line with at most 200 characters'
}

export function mistakeInEmailDomain(domain: string): string | undefined {
  return /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(domain)
    ? undefined
    : `${JSON.stringify(domain)} is not a domain such as example.com`
}

/** The name for machines: packages, images, service names. */
export const slugOf = (name: string): string => name.toLowerCase()

/** The name for people: `acme-shop` becomes `Acme Shop`. */
export const titleOf = (name: string): string =>
  name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')

/** @throws {OperatorError} with the first mistake in the choices */
export function checkChoices({ name, description, emailDomain }: Choices): void {
  const mistake =
    mistakeInName(name) ??
    mistakeInDescription(description) ??
    (emailDomain === undefined ? undefined : mistakeInEmailDomain(emailDomain))
  if (mistake !== undefined) throw new OperatorError(mistake)
}
