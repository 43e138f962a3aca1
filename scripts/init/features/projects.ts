import type { Feature } from './feature.js'

export const projects: Feature = {
  title: 'Projects, the sample resource of an organization',
  owns: [
    'src/db/schema/projects.ts',
    'src/db/queries/projects.ts',
    'src/routes/projects',
    'scripts/db/seed/projects.ts',
    'test/routes/projects.test.ts',
    'test/docs/deleting-the-example.test.ts',
    'test/new/projects.test.ts',
  ],
  cuts: {
    'src/lib/auth/permissions.ts': ["'projects."],
  },
  database: { tables: ['projects'], types: ['project_status'] },
  docs: {
    'docs/adding-a-resource.md': ['## Deleting the example'],
    'docs/organizations.md': ['`projects.'],
  },
}
