import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a checkout. All paths are relative to it. */
export class Checkout {
  constructor(readonly root: string) {}

  has(path: string): boolean {
    return existsSync(join(this.root, path))
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  /** The files below a folder whose names end with `ending`, with their text. */
  *filesBelow(folder: string, ending: string): Generator<{ path: string; text: string }> {
    const names = readdirSync(join(this.root, folder), { recursive: true }) as string[]
    for (const name of names.filter((each) => each.endsWith(ending))) {
      const path = join(folder, name)
      yield { path, text: this.read(path) }
    }
  }
}
