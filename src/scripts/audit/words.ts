import type { Erasure } from '../../db/seals/erase.js'
import type { Sealed } from '../../db/seals/seal.js'
import type { Verification } from '../../db/seals/verify.js'
import { formatHead } from '../../lib/audit/audit-records.js'

/** The results that the commands print. */

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`

export function describeVerification({ entries, seals, unsealed, head, findings }: Verification): string {
  return [
    findings === 0
      ? 'All sealed entries are unchanged.'
      : `${count(findings, 'finding', 'findings')}: the audit log has changed since it was sealed.`,
    `verified  ${count(entries, 'entry', 'entries')} in ${count(seals, 'seal', 'seals')}`,
    `unsealed  ${count(unsealed, 'entry', 'entries')}`,
    `head      ${head.number === 0 ? 'none: nothing is sealed yet' : formatHead(head)}`,
  ].join('\n')
}

export const describeSealing = ({ seals, entries, head }: Sealed): string =>
  head === undefined
    ? 'Nothing to seal.'
    : `Sealed ${count(entries, 'entry', 'entries')} in ${count(seals, 'seal', 'seals')}.\nhead      ${head}`

export function describeErasure(userId: string, { entries, requests, seal, hasAccount }: Erasure): string {
  const lines =
    seal === undefined
      ? [`Nothing to erase of user ${userId}.`]
      : [
          `Erased the personal data of user ${userId} in ${count(entries, 'entry', 'entries')} and ${count(requests, 'request', 'requests')}: seal ${seal}.`,
        ]
  if (hasAccount) lines.push('The account itself still exists: further changes to it are recorded again.')
  return lines.join('\n')
}
