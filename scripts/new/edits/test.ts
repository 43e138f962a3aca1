import type { Field } from '../field.js'
import { filesOf, type Resource } from '../resource.js'
import { initialProperty, valueImports, valuesProperty } from '../templates/samples.js'
import { addProperty, objectIn } from './lists.js'
import { addImport, parse } from './source.js'

/** Adds the values of a field to a test that `npm run new` has made. */
export function withTestedField(code: string, { names }: Resource, field: Field): string {
  const file = parse(filesOf(names).test, code)
  addProperty(objectIn(file, 'FIELDS'), valuesProperty(field))
  addProperty(objectIn(file, 'initial'), initialProperty(field))
  addImport(file, '../helpers/field-values.js', valueImports([field]))
  return file.getFullText()
}
