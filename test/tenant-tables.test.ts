/**
 * Tenant tables are used only within a scope, which the types require and row-level security
 * enforces.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from './tap.js'

const ROOT = fileURLToPath(new URL('../src/', import.meta.url))

/** The queries that may work across organizations, each with its reason. */
const ACROSS_ORGANIZATIONS: Record<string, string> = {
  'db/queries/organizations/accept-invitation.ts': 'finds an invitation by its token alone',
  'db/queries/organizations/organization-lists.ts': 'lists all organizations for a super_admin',
  'db/queries/retention/purge.ts': 'removes expired invitations of every organization',
  'db/queries/administration/user-administration.ts':
    'deletes users who are members of several organizations',
}

const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const files = new Map(
  names.map((name) => [name.split(sep).join('/'), readFileSync(ROOT + name, 'utf8')] as const),
)

/** The tenant tables: those whose file in db/schema declares `tenantPolicies`. */
const tenantTables = [...files].flatMap(([path, code]) => {
  const [, table] = /export const (\w+) = (?:pgTable|\w+\.table)\(/.exec(code) ?? []
  return path.startsWith('db/schema/') && code.includes('...tenantPolicies(') && table ? [table] : []
})

const importedBy = (code: string): string[] =>
  [...code.matchAll(/^import \{([^}]*)\} from '[^']*\/schema\/[\w-]+\.js'/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  )

t.test('only queries with a scope use tenant tables', async (t) => {
  t.ok(tenantTables.length >= 3)
  for (const [path, code] of files) {
    if (path.startsWith('db/schema/')) continue
    const table = importedBy(code).find((name) => tenantTables.includes(name))
    if (!table) continue
    t.match(path, /^db\/queries\//, `src/${path} uses ${table}: only queries may use a tenant table`)
    t.match(code, /from '(\.\.\/)+tenancy\/scopes\.js'/, `src/${path} uses ${table}: it must take a scope`)
  }
})

t.test('every exception from the separation of organizations states its reason here', async (t) => {
  const callers = [...files].flatMap(([path, code]) =>
    code.includes('acrossOrganizations(') && !path.startsWith('db/tenancy/') ? [path] : [],
  )
  t.strictSame(callers.sort(), Object.keys(ACROSS_ORGANIZATIONS).sort())
})
