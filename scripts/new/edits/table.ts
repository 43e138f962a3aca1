import { SyntaxKind } from 'ts-morph'
import type { Field } from '../field.js'
import { literal } from '../kinds/code.js'
import { filesOf, type Resource } from '../resource.js'
import { columnProperty, enumDeclaration } from '../templates/table.js'
import { addElement, addProperty, objectIn } from './lists.js'
import { addImport, found, parse, startOf } from './source.js'

/** Columns that stand after those of the fields. */
const LAST_COLUMNS = ['createdBy', 'createdAt', 'updatedAt']

/** Adds a column, with its enum. The text of a user is also personal. */
export function withColumn(code: string, { names, owner }: Resource, field: Field): string {
  const file = parse(filesOf(names).table, code)
  const columns = objectIn(file, names.plural)
  addProperty(columns, columnProperty(field, names).replace(/,$/, ''), LAST_COLUMNS)
  const table = found(file.getVariableStatement(names.plural), file, `table ${names.plural}`)
  const declaration = enumDeclaration(field, names)
  if (declaration !== '') {
    const enums = file.getVariableStatements().filter((statement) => statement.getText().includes('pgEnum('))
    const place = enums.at(-1)?.getEnd()
    file.insertText(
      place ?? startOf(table),
      place === undefined ? `${declaration}\n` : `\n${declaration.trim()}`,
    )
  }
  const { pgCore = [], columns: own = [] } = field.kind.columnImports
  addImport(file, 'drizzle-orm/pg-core', pgCore)
  addImport(file, './columns.js', own)
  if (owner === 'user' && field.kind.inLists.isSearched) {
    const personal = file
      .getDescendantsOfKind(SyntaxKind.PropertyAssignment)
      .find((property) => property.getName() === 'personal')
      ?.getInitializerIfKind(SyntaxKind.ArrayLiteralExpression)
    addElement(found(personal, file, 'list of personal columns'), literal(field.name))
  }
  return file.getFullText()
}
