import { PERMISSIONS } from '../src/lib/auth/permissions.js'
import { ORGANIZATION_ROLES, type OrganizationRole } from '../src/lib/auth/roles.js'

/** Returns the permissions of each role in an organization as a Markdown table. */
export function permissionsTable(): string {
  const header = ['permission', ...ORGANIZATION_ROLES.map((role) => `\`${role}\``), '`super_admin`']
  const rows = Object.entries(PERMISSIONS).map(
    ([permission, roles]: [string, readonly OrganizationRole[]]) => [
      `\`${permission}\``,
      ...ORGANIZATION_ROLES.map((role) => (roles.includes(role) ? 'yes' : '')),
      'yes',
    ],
  )
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)]
    .join('\n')
    .replaceAll('|  |', '| |')
}
