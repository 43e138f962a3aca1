import type { Erasure } from '../../db/seals/erase.js'
import type { Sealed } from '../../db/seals/seal.js'
import type { Verification } from '../../db/seals/verify.js'
import { formatHead } from '../../lib/audit/audit-records.js'

/** What the commands say at their end. */

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`

export function describeVerification({ entries, seals, unsealed, head, findings }: Verification): string {
  return [
    findings === 0
      ? 'Everything that is sealed is as it was.'
      : `${count(findings, 'finding', 'findings')}: the audit log is not as it was sealed.`,
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
  if (hasAccount)
    lines.push('The account itself is still there: what happens to it from now on is recorded again.')
  return lines.join('\n')
}
