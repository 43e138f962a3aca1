/** The lines that a resource adds to files that list all resources. */
import { SyntaxKind } from 'ts-morph'
import { pathOf, type Resource } from '../resource.js'
import { found, parse } from './source.js'

/** `src/routes/index.ts`: registers the routes. */
export function withRoutes(code: string, resource: Resource): string {
  const { singular, kebab } = resource.names
  const file = parse('src/routes/index.ts', code)
  const register = found(file.getFunction('apiRoutes'), file, 'function apiRoutes')
  register.addStatements(`await api.register(${singular}Routes, { prefix: '${pathOf(resource)}' })`)
  file.insertText(0, `import ${singular}Routes from './${kebab}/index.js'\n`)
  return file.getFullText()
}

/** `src/lib/auth/permissions.ts`: members read and write, admins delete. */
export function withPermissions(code: string, { names, isPublicRead }: Resource): string {
  const file = parse('src/lib/auth/permissions.ts', code)
  const table = file
    .getVariableDeclaration('PERMISSIONS')
    ?.getFirstDescendantByKind(SyntaxKind.ObjectLiteralExpression)
  const last = found(table?.getProperties().at(-1), file, 'table PERMISSIONS')
  const permissions = [
    ...(isPublicRead ? [] : [['read', 'everyMember']]),
    ...[
      ['create', 'everyMember'],
      ['update', 'everyMember'],
      ['delete', 'admins'],
    ],
  ]
  const lines = permissions.map(([action, roles]) => `  '${names.snake}.${action}': ${roles}`)
  file.insertText(last.getEnd(), `,\n\n${lines.join(',\n')}`)
  return file.getFullText()
}

/** `test/openapi.test.ts`: its sorted list of public operations. */
export function withPublicReads(code: string, resource: Resource): string {
  const file = parse('test/openapi.test.ts', code)
  const list = file.getVariableDeclaration('PUBLIC')?.getInitializerIfKind(SyntaxKind.ArrayLiteralExpression)
  const path = `GET /api/v1${pathOf(resource).replace(/:(\w+)/g, '{$1}')}`
  for (const operation of [path, `${path}/{${resource.names.singular}Id}`]) {
    const elements = found(list, file, 'list PUBLIC').getElements()
    const isLater = (text: string) => text.slice(1, -1) > operation
    const index = elements.findIndex((element) => isLater(element.getText()))
    list?.insertElement(index === -1 ? elements.length : index, `'${operation}'`)
  }
  return file.getFullText()
}
