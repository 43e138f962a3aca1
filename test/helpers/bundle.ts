import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { PACKAGE_ROOT } from './process.js'

export type Command = readonly ['node', string]

const commands = new Map<string, Promise<Command>>()
let folder: string | undefined

/**
 * The command that runs a program of this repository, or of a copy of it, named by its source file. The program
 * is bundled at the first call, because it then starts in a fourth of the time that tsx needs.
 */
export function bundled(source: string, checkout = PACKAGE_ROOT): Promise<Command> {
  const path = join(checkout, source)
  const command = commands.get(path) ?? bundle(path)
  commands.set(path, command)
  return command
}

async function bundle(path: string): Promise<Command> {
  folder ??= createFolder()
  const outdir = join(folder, path)
  await build({
    entryPoints: { program: path },
    outdir,
    bundle: true,
    packages: 'external',
    plugins: [ownUrls],
    // A part that is imported when it is needed stays a file of its own.
    splitting: true,
    format: 'esm',
    platform: 'node',
    keepNames: true,
    tsconfig: join(PACKAGE_ROOT, 'tsconfig.json'),
    logLevel: 'error',
  })
  return ['node', join(outdir, 'program.js')]
}

/** Leaves each source file the URL by which it finds migrations, static files and packages. */
const ownUrls: Plugin = {
  name: 'own-urls',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    }))
  },
}

/** Removed when this process ends. Other accounts may run what is in it. */
function createFolder(): string {
  const created = mkdtempSync(join(tmpdir(), 'bundled-'))
  process.once('exit', () => rmSync(created, { recursive: true, force: true }))
  chmodSync(created, 0o755)
  writeFileSync(join(created, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(created, 'node_modules'))
  return created
}
