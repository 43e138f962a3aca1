/** What row-level security backs, and the types ask for: whoever reads or writes a table of organizations has a scope. */
import { readdirSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../src/', import.meta.url))

/** Who may lift the separation of organizations, and what for. */
const ACROSS_ORGANIZATIONS: Record<string, string> = {
  'db/queries/organizations/accept-invitation.ts': 'an invitation is looked up by its token alone',
  'db/queries/organizations/organization-lists.ts': 'a super_admin sees all organizations',
  'db/queries/retention/purge.ts': 'a job removes the expired invitations of all',
  'db/queries/administration/user-administration.ts': 'the account of a member of many goes',
}

const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const files = new Map(
  names.map((name) => [name.split(sep).join('/'), readFileSync(ROOT + name, 'utf8')] as const),
)

/** Tables under the policies of organizations, by the file that declares them. */
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
    t.match(path, /^db\/queries\//, `src/${path} uses ${table}: only queries may`)
    t.match(code, /from '(\.\.\/)+tenancy\/scopes\.js'/, `src/${path} uses ${table}, and must take a scope`)
  }
})

t.test('every exception from the separation of organizations states its reason here', async (t) => {
  const callers = [...files].flatMap(([path, code]) =>
    code.includes('acrossOrganizations(') && !path.startsWith('db/tenancy/') ? [path] : [],
  )
  t.strictSame(callers.sort(), Object.keys(ACROSS_ORGANIZATIONS).sort())
})
