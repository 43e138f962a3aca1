import type { Db } from '../../../src/db/driver/client.js'
import { createProject, updateProject } from '../../../src/db/queries/projects.js'
import { withOrganization } from '../../../src/db/tenancy/scopes.js'
import type { SeededOrganization } from './organizations.js'

const PROJECTS = [
  { name: 'Website', description: 'The new front page, before the summer.' },
  { name: 'Annual report', description: 'Figures, and what they mean.' },
  { name: 'Moving house' },
]

/** Creates projects of an organization, and archives the last one. */
export async function seedProjects(db: Db, { id, founder }: SeededOrganization): Promise<void> {
  await withOrganization(db, founder, id, 'projects.create', async (scope) => {
    const created = []
    for (const project of PROJECTS) created.push(await createProject(scope, project))
    for (const { id } of created.slice(-1)) await updateProject(scope, id, { status: 'archived' })
  })
}
