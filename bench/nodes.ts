/** Runs the comparisons with other servers on every supported version of Node, which npx fetches. */
import { execFileSync, spawnSync } from 'node:child_process'

const MAJORS = [20, 22, 24]
const BENCHES = ['frameworks', 'list', 'write', 'promoted']

for (const major of MAJORS) {
  const node = execFileSync('npx', ['-y', '-p', `node@${major}`, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
  }).trim()
  for (const bench of BENCHES) {
    const { status } = spawnSync(node, ['--import', 'tsx', 'bench/run.ts', bench], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}
