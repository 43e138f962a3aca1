import { type SourceFile, SyntaxKind } from 'ts-morph'
import { enumOf, type Field } from '../field.js'
import { literal } from '../kinds/code.js'
import { filesOf, type Resource } from '../resource.js'
import { filterParameter, searchDescription, searchParameter } from '../templates/list.js'
import { exampleProperty, fieldConstant, fieldImports } from '../templates/schemas.js'
import { addElement, addProperty, objectIn } from './lists.js'
import { addImport, found, parse } from './source.js'

/**
 * Adds a field to each body, to the response and its example, and to the query of the list. `searched` are the
 * fields that lists search in already.
 */
export function withSchemaField(
  code: string,
  { names }: Resource,
  field: Field,
  searched: readonly Pick<Field, 'snake'>[],
): string {
  const { Singular, kebab } = names
  const file = parse(filesOf(names).schemas, code)
  const fields = found(file.getVariableStatement('fields'), file, 'constant fields')
  const previous = found(fields.getPreviousSibling(), file, 'constant before fields')
  file.insertText(previous.getEnd(), `\n${fieldConstant(field, names)}`)
  addProperty(objectIn(file, 'fields'), field.name)
  const isExample = (text: string) => text.includes('createdAt: ') && !text.includes('Timestamp')
  const example = objectIn(
    file,
    Singular,
    (object) => isExample(object.getText()) && !object.getProperty('examples'),
  )
  addProperty(example, exampleProperty(field), ['createdBy', 'createdAt'])
  if (field.initial !== undefined) addDefault(file, `Create${Singular}`, field)
  if (field.kind.inLists.isSearched) addSearch(file, `${Singular}Query`, field, searched)
  if (field.kind.inLists.isFiltered)
    addProperty(objectIn(file, `${Singular}Query`), filterParameter(field, names))
  if (field.kind.schemaImports.includes('StringEnum'))
    addImport(file, `../../db/schema/${kebab}.js`, [enumOf(field, names)])
  addImport(file, '../../lib/schema/schemas.js', fieldImports(field))
  return file.getFullText()
}

/** `creating(fields, ['status'])`: clients need not send it. */
function addDefault(file: SourceFile, constant: string, field: Field): void {
  const creating = file
    .getVariableDeclaration(constant)
    ?.getDescendantsOfKind(SyntaxKind.CallExpression)
    .find((call) => call.getExpression().getText() === 'creating')
  const [fields, withDefault] = found(creating, file, `call of creating in ${constant}`).getArguments()
  const list = withDefault?.asKind(SyntaxKind.ArrayLiteralExpression)
  if (list) addElement(list, literal(field.name))
  else file.insertText(found(fields, file, `fields in ${constant}`).getEnd(), `, [${literal(field.name)}]`)
}

/** Adds the parameter `q`, or the field to its description, unless that was written by hand. */
function addSearch(
  file: SourceFile,
  constant: string,
  field: Field,
  searched: readonly Pick<Field, 'snake'>[],
): void {
  const query = objectIn(file, constant)
  if (query.getProperty('q') === undefined) {
    const [first] = query.getProperties()
    file.insertText(found(first, file, `pageQuery in ${constant}`).getEnd(), `, ${searchParameter([field])}`)
    addImport(file, '../../lib/schema/schemas.js', ['SearchText'])
    return
  }
  const description = query
    .getDescendantsOfKind(SyntaxKind.StringLiteral)
    .find((text) => text.getLiteralValue() === searchDescription(searched))
  description?.setLiteralValue(searchDescription([...searched, field]))
}
