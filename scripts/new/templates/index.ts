import { filesOf, type Resource } from '../resource.js'
import { organizationTestFile } from './organization-test.js'
import { queriesFile } from './queries.js'
import { routesFile } from './routes.js'
import { schemasFile } from './schemas.js'
import { tableFile } from './table.js'
import { userTestFile } from './user-test.js'

/** The new files of a resource, not yet formatted, by path. */
export function resourceFiles(resource: Resource): Map<string, string> {
  const paths = filesOf(resource.names)
  const test = resource.owner === 'user' ? userTestFile : organizationTestFile
  return new Map([
    [paths.table, tableFile(resource)],
    [paths.queries, queriesFile(resource)],
    [paths.schemas, schemasFile(resource)],
    [paths.routes, routesFile(resource)],
    [paths.test, test(resource)],
  ])
}
