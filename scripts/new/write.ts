import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Plan } from './plan.js'

/** Beside the planned files, what `db:generate` and `docs:settings` write. */
const GENERATED = {
  files: ['src/db/schema/index.ts', 'docs/organizations.md', 'docs/settings.md'],
  folders: ['drizzle', 'drizzle/meta'],
}

/**
 * Writes the planned files, and runs `generate`, which writes others from them. When anything fails, every file
 * is as before. Returns the paths of new and changed files.
 */
export async function write(root: string, plan: Plan, generate: () => Promise<void>): Promise<string[]> {
  const before = await recordFiles(root, [...plan.keys(), ...GENERATED.files])
  const listed = await listFiles(root)
  // The programs that run meanwhile get the signal, too. What they leave is removed as after any failure.
  const stayAlive = () => {}
  process.on('SIGINT', stayAlive)
  try {
    for (const [path, code] of plan) await replaceFile(join(root, path), code)
    await generate()
  } catch (error) {
    for (const path of await listFiles(root)) if (!listed.includes(path)) await rm(join(root, path))
    for (const [path, code] of before) await restoreFile(root, path, code)
    throw error
  } finally {
    process.off('SIGINT', stayAlive)
  }
  const isChanged = async ([path, code]: [string, string | undefined]) =>
    (await readIfThere(join(root, path))) !== code ? [path] : []
  const changed = (await Promise.all([...before].map(isChanged))).flat()
  return [...changed, ...(await listFiles(root)).filter((path) => !listed.includes(path))]
}

/** Undefined for a file that does not exist. */
const recordFiles = async (root: string, paths: string[]): Promise<Map<string, string | undefined>> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await readIfThere(join(root, path))] as const)))

const readIfThere = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch(() => undefined)

async function listFiles(root: string): Promise<string[]> {
  const lists = GENERATED.folders.map(async (folder) =>
    (await readdir(join(root, folder), { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(folder, name)),
  )
  return (await Promise.all(lists)).flat()
}

/** In one step: programs that watch files never read half of one. */
async function replaceFile(file: string, code: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, code)
  await rename(`${file}.new`, file)
}

async function restoreFile(root: string, path: string, code: string | undefined): Promise<void> {
  if (code !== undefined) return replaceFile(join(root, path), code)
  await rm(join(root, path), { force: true })
  const folder = join(root, dirname(path))
  const isEmpty = (await readdir(folder)).length === 0
  if (isEmpty) await rm(folder, { recursive: true })
}
