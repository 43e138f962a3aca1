import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const BIOME = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Formats code as `npm run format` does: imports in order, and lines as long as they may be.
 * @throws {Error} when Biome finds a mistake that it cannot fix, which is a bug of a template
 */
export async function format(path: string, code: string): Promise<string> {
  const args = [BIOME, 'check', '--write', `--stdin-file-path=${path}`]
  const biome = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise((resolve, reject) => biome.on('error', reject).on('close', resolve))
  biome.stdin.end(code)
  const [formatted, complaints, exitCode] = await Promise.all([text(biome.stdout), text(biome.stderr), ended])
  if (exitCode !== 0) throw new Error(`${path}: ${complaints}${formatted}`)
  return formatted
}
