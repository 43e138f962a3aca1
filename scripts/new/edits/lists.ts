import {
  type ArrayLiteralExpression,
  type Node,
  type ObjectLiteralExpression,
  type SourceFile,
  SyntaxKind,
} from 'ts-morph'
import { found, startOf } from './source.js'

/** The object that is part of the declaration of a constant: the first one, or the one that `choose` finds. */
export function objectIn(
  file: SourceFile,
  constant: string,
  choose: (node: ObjectLiteralExpression) => boolean = () => true,
): ObjectLiteralExpression {
  const objects = file
    .getVariableDeclaration(constant)
    ?.getDescendantsOfKind(SyntaxKind.ObjectLiteralExpression)
  return found(objects?.find(choose), file, `constant ${constant} with an object`)
}

/** Adds a property at the end of an object, or before the first of the named ones. */
export function addProperty(
  object: ObjectLiteralExpression,
  code: string,
  before: readonly string[] = [],
): void {
  const file = object.getSourceFile()
  const properties = object.getProperties()
  const next = properties.find((property) => before.some((name) => hasName(property, name)))
  const last = properties.at(-1)
  if (next) file.insertText(startOf(next), `${code},\n`)
  else if (last) file.insertText(last.getEnd(), `, ${code}`)
  else file.insertText(object.getStart() + 1, ` ${code} `)
}

const hasName = (property: Node, name: string): boolean =>
  property.asKind(SyntaxKind.PropertyAssignment)?.getName() === name

/** Adds an element at the end of a list, or before the one whose code is `before`. */
export function addElement(list: ArrayLiteralExpression, code: string, before?: string): void {
  const file = list.getSourceFile()
  const elements = list.getElements()
  const next = elements.find((element) => element.getText() === before)
  const last = elements.at(-1)
  if (next) file.insertText(next.getStart(), `${code}, `)
  else if (last) file.insertText(last.getEnd(), `, ${code}`)
  else file.insertText(list.getStart() + 1, code)
}
