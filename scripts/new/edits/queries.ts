import { type CallExpression, type SourceFile, SyntaxKind } from 'ts-morph'
import type { Field } from '../field.js'
import { literal } from '../kinds/code.js'
import { filesOf, type Resource, sortedFields } from '../resource.js'
import {
  filterCondition,
  filterImports,
  filterType,
  SEARCH_TYPE,
  searchCondition,
} from '../templates/list.js'
import { addElement } from './lists.js'
import { addImport, found, parse } from './source.js'

/** Adds what the list does with a field: sorts by it, filters by it, or searches in it. */
export function withListField(code: string, { names }: Resource, field: Field): string {
  const file = parse(filesOf(names).queries, code)
  const { isFiltered, isSearched } = field.kind.inLists
  if (sortedFields([field]).length > 0) {
    const constant = `${names.constant}_SORT_FIELDS`
    const fields = file
      .getVariableDeclaration(constant)
      ?.getFirstDescendantByKind(SyntaxKind.ArrayLiteralExpression)
    addElement(found(fields, file, `constant ${constant}`), literal(field.name), "'createdAt'")
  }
  if (isFiltered) {
    addCondition(file, filterCondition(field, names), true)
    addFilterType(file, names.Singular, filterType(field, names))
  }
  if (isSearched) {
    const columns = findCall(file, 'contains')?.getArguments()[0]?.asKind(SyntaxKind.ArrayLiteralExpression)
    if (columns) addElement(columns, `${names.plural}.${field.name}`)
    else {
      addCondition(file, searchCondition([field], names), false)
      addFilterType(file, names.Singular, SEARCH_TYPE, true)
    }
  }
  addImport(file, './filters.js', filterImports([field]))
  return file.getFullText()
}

const findCall = (file: SourceFile, name: string): CallExpression | undefined =>
  file.getDescendantsOfKind(SyntaxKind.CallExpression).find((call) => call.getExpression().getText() === name)

/** Adds a condition before `page.after`; one of a filter also before that of the search. */
function addCondition(file: SourceFile, condition: string, isFilter: boolean): void {
  const conditions = file
    .getDescendantsOfKind(SyntaxKind.CallExpression)
    .find((call) => call.getArguments().some((argument) => argument.getText() === 'page.after'))
    ?.getArguments()
  const search = isFilter && conditions?.find((argument) => argument.getText().startsWith('contains('))
  const after = conditions?.find((argument) => argument.getText() === 'page.after')
  file.insertText(found(search || after, file, 'condition page.after').getStart(), `${condition},\n`)
}

function addFilterType(file: SourceFile, Singular: string, member: string, isFirst = false): void {
  const type = found(file.getTypeAlias(`${Singular}Filters`), file, `type ${Singular}Filters`)
  const members = type.getFirstDescendantByKind(SyntaxKind.TypeLiteral)?.getMembers() ?? []
  const [first, last] = [members[0], members.at(-1)]
  if (first && isFirst) file.insertText(first.getStart(), `${member}; `)
  else if (last) file.insertText(last.getEnd(), `; ${member}`)
  else file.insertText(type.getTypeNodeOrThrow().getEnd(), ` & { ${member} }`)
}
