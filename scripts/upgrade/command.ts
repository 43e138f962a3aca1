import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError, withUsageErrors } from '../../src/scripts/command-line/arguments.js'
import { git } from './git.js'
import { requireReady } from './ready.js'
import { describe, nextSteps } from './report.js'
import { type Upgrade, type UpgradeOptions, upgrade } from './upgrade.js'

export const USAGE = `Usage: npm run upgrade -- <release> [--from <repository>] [--dry-run]
  <release>   a version such as 1.1.0, a branch or a commit of the starter
  --from      the starter's repository, a folder or an address; default: "repository" in starter.json
  --dry-run   report what the merge would do, and change nothing`

/**
 * Runs the command in the product at `root`. Returns whether the merge has no conflict.
 *
 * @throws {UsageError} when the arguments are invalid
 * @throws {OperatorError} when there is no merge; the product is then as it was
 */
export async function runUpgrade(args: string[], root: string): Promise<boolean> {
  const { dryRun, ...request } = parse(args)
  requireReady(root)
  if (process.stderr.isTTY) console.error('Making both releases into this product, which takes a while …')
  const result = await (dryRun ? tryOut(root, request) : upgrade({ ...request, root }))
  console.log(describe(result))
  console.log(dryRun ? '\nThis was a dry run: nothing is changed.' : nextSteps(result))
  return result.conflicts.length === 0
}

function parse(args: string[]) {
  const { values, positionals } = withUsageErrors(() =>
    parseArgs({
      args,
      options: { from: { type: 'string' }, 'dry-run': { type: 'boolean' } },
      allowPositionals: true,
      strict: true,
    }),
  )
  const [release, ...others] = positionals
  if (release === undefined || others.length > 0) throw new UsageError('name one release, such as 1.1.0')
  const from = values.from !== undefined && existsSync(values.from) ? resolve(values.from) : values.from
  return { release, from, dryRun: values['dry-run'] ?? false }
}

/** Does it in a copy, which shares its objects with the repository and is thrown away. */
async function tryOut(root: string, request: Omit<UpgradeOptions, 'root'>): Promise<Upgrade> {
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-dry-run-'))
  try {
    const copy = join(folder, 'copy')
    git(root, ['clone', '--quiet', '--shared', '--', root, copy])
    for (const field of ['user.name', 'user.email']) git(copy, ['config', field, 'dry-run'])
    return await upgrade({ ...request, root: copy, packages: join(root, 'node_modules') })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
