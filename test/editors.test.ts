import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingOf } from '../src/config/settings.js'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const read = (path: string) => readFileSync(join(PACKAGE_ROOT, path), 'utf8')
const json = (path: string) => JSON.parse(read(path))
const exists = (path: string) => existsSync(join(PACKAGE_ROOT, path))

const { scripts } = json('package.json')
const { recommendations } = json('.vscode/extensions.json')
const container = json('.devcontainer/devcontainer.json')

t.test('the tasks of VS Code are npm scripts', async (t) => {
  const { tasks } = json('.vscode/tasks.json')
  for (const { type, script } of tasks) t.ok(type === 'npm' && script in scripts, script)
  for (const script of ['dev', 'check', 'test'])
    t.ok(
      tasks.some((task: { script: string }) => task.script === script),
      script,
    )
})

t.test('the launch configurations name files and commands that exist', async (t) => {
  const { configurations } = json('.vscode/launch.json')
  for (const { name, request, program, runtimeArgs } of configurations) {
    if (request === 'attach') {
      const [, script, option] = /npm run (\w+) -- (\S+)/.exec(name) ?? []
      t.ok(script && script in scripts && read('scripts/dev.ts').includes(String(option).slice(2)), name)
      continue
    }
    t.ok(exists(program.replace(/^\$\{workspaceFolder\}\//, '')), program)
    for (const module of runtimeArgs.filter((argument: string) => !argument.startsWith('-')))
      t.ok(module in json('package.json').devDependencies, module)
  }
})

t.test('the settings format with a recommended extension, and exclude what exists', async (t) => {
  const settings = json('.vscode/settings.json')
  t.equal(settings['editor.formatOnSave'], true)
  const formatters = Object.values(settings).flatMap((value) => {
    const formatter = (value as Record<string, unknown>)['editor.defaultFormatter']
    return formatter === undefined ? [] : [formatter]
  })
  t.ok(formatters.length > 0)
  for (const formatter of formatters) t.ok(recommendations.includes(formatter), String(formatter))
  t.ok(exists(settings['typescript.tsdk']))
  for (const path of Object.keys(settings['search.exclude'])) t.ok(exists(path), path)
})

t.test('the dev container has the Node of .nvmrc, the port of the API and the extensions', async (t) => {
  t.match(container.image, `/typescript-node:${read('.nvmrc').trim()}-`)
  t.strictSame(container.forwardPorts, [settingOf('PORT').default])
  t.strictSame(Object.keys(container.portsAttributes), [String(settingOf('PORT').default)])
  t.strictSame(container.customizations.vscode.extensions, recommendations)
  t.equal(container.postCreateCommand, 'npm install')
})
