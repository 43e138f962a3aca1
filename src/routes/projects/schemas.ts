import { PROJECT_SORT_FIELDS } from '../../db/queries/projects.js'
import { projectStatus } from '../../db/schema/projects.js'
import { OrganizationParams } from '../../lib/schema/organization-schemas.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import {
  changing,
  creating,
  LineText,
  Nullable,
  ref,
  SearchText,
  StrictObject,
  StringEnum,
  Timestamp,
  Uuid,
  WrittenText,
} from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'

const name = LineText(100, { examples: ['Difference Engine'] })
const description = Nullable(WrittenText(2000, { examples: ['Tables of logarithms, without mistakes.'] }))
const status = StringEnum(projectStatus.enumValues)

/** What members decide. A field added here is part of each body and each response below. */
const fields = { name, description, status }

export const ProjectParams = StrictObject({ ...OrganizationParams.properties, projectId: Uuid })

export const Project = Type.Object(
  {
    id: Uuid,
    ...fields,
    createdBy: Type.Unsafe<string | null>({
      ...Nullable(Uuid),
      description: 'The id of the user; `null` when the account was deleted.',
    }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  {
    $id: 'Project',
    examples: [
      {
        id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
        name: 'Difference Engine',
        description: 'Tables of logarithms, without mistakes.',
        status: 'active',
        createdBy: '0199d3a4-6f2c-7b1e-9c55-3a5b2e9f8c71',
        createdAt: '2026-01-31T09:30:00.000Z',
        updatedAt: '2026-01-31T09:30:00.000Z',
      },
    ],
  },
)

export const CreateProject = StrictObject(creating(fields, ['status']), {
  examples: [{ name: 'Difference Engine' }],
})

export const UpdateProject = StrictObject(changing(fields), { examples: [{ name: 'Analytical Engine' }] })

export const ProjectQuery = StrictObject({
  ...pageQuery(PROJECT_SORT_FIELDS, '-createdAt'),
  q: Type.Optional(SearchText('Part of the name or the description.')),
  status: Type.Optional(status),
})

export const ProjectPage = pageOf(ref(Project))
