import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What neither git nor an archive of the starter has. */
const LOCAL = ['.git', '.data', '.tap', 'node_modules', 'dist', 'logs', '.env', 'config.yml']

/** The files of a tree as paths from its root: those of git, or without `.git` all but local ones. */
export function filesOf(root: string): string[] {
  if (existsSync(join(root, '.git'))) {
    const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
    })
    return [...new Set(list.toString().split('\0'))].filter(
      (path) => path !== '' && existsSync(join(root, path)),
    )
  }
  const list = (folder: string): string[] =>
    readdirSync(join(root, folder)).flatMap((name) => {
      if (LOCAL.includes(name)) return []
      const path = folder === '' ? name : `${folder}/${name}`
      return statSync(join(root, path)).isDirectory() ? list(path) : [path]
    })
  return list('')
}

export function copyTree(from: string, to: string): void {
  for (const path of filesOf(from)) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(from, path), join(to, path))
  }
}

export type Changes = { written: string[]; removed: string[] }

/** What makes `root` the same as `copy`. */
export function changesBetween(root: string, copy: string): Changes {
  const [before, after] = [filesOf(root), filesOf(copy)]
  const isSame = (path: string) =>
    existsSync(join(root, path)) && readFileSync(join(root, path)).equals(readFileSync(join(copy, path)))
  return {
    written: after.filter((path) => !isSame(path)),
    removed: before.filter((path) => !existsSync(join(copy, path))),
  }
}

/** Makes the changes, and removes folders that are empty then. */
export function applyChanges(root: string, copy: string, { written, removed }: Changes): void {
  for (const path of written) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    cpSync(join(copy, path), join(root, path))
  }
  for (const path of removed) {
    rmSync(join(root, path))
    for (let folder = dirname(path); folder !== '.' && isEmpty(join(root, folder)); folder = dirname(folder))
      rmSync(join(root, folder), { recursive: true })
  }
}

const isEmpty = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length === 0
