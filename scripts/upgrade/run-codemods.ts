/** Runs the codemods of the arguments, in their order, on the project in the current folder. */
import { pathToFileURL } from 'node:url'
import { Project } from 'ts-morph'

for (const path of process.argv.slice(2)) {
  const { default: codemod } = await import(pathToFileURL(path).href)
  const project = new Project({ tsConfigFilePath: 'tsconfig.json' })
  await codemod(project)
  await project.save()
}
