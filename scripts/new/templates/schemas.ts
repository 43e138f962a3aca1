import { enumOf, type Field, isRequired } from '../field.js'
import { literal } from '../kinds/code.js'
import type { Names } from '../names.js'
import { filteredFields, hasCreator, type Resource, searchedFields } from '../resource.js'
import { imports, lines, when } from './code.js'
import { filterParameter, searchParameter } from './list.js'

const CREATOR = `createdBy: Type.Unsafe<string | null>({
      ...Nullable(Uuid),
      description: 'The id of the user; \`null\` when the account was deleted.',
    }),`

/** `src/routes/notes/schemas.ts` */
export function schemasFile(resource: Resource): string {
  const { names, owner, fields } = resource
  const { singular, Singular, constant } = names
  const withDefault = fields.filter(({ initial }) => initial !== undefined).map(({ name }) => literal(name))
  const searched = searchedFields(fields)
  const [first] = fields
  return `${schemaImports(resource)}
${fields.map((field) => `${fieldConstant(field, names)}\n`).join('')}
/** What ${owner === 'user' ? 'users' : 'members'} decide. A field added here is part of each body and each response below. */
const fields = { ${fields.map(({ name }) => name).join(', ')} }

export const ${Singular}Params = StrictObject({ ${when(owner === 'organization', '...OrganizationParams.properties, ')}${singular}Id: Uuid })

export const ${Singular} = Type.Object(
  {
    id: Uuid,
    ${lines('...fields,', when(hasCreator(resource), CREATOR), 'createdAt: Timestamp,')}
    updatedAt: Timestamp,
  },
  {
    $id: '${Singular}',
    examples: [
      {
        id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
        ${lines(
          ...fields.map((field) => `${exampleProperty(field)},`),
          when(hasCreator(resource), "createdBy: '0199d3a4-6f2c-7b1e-9c55-3a5b2e9f8c71',"),
        )}
        createdAt: '2026-01-31T09:30:00.000Z',
        updatedAt: '2026-01-31T09:30:00.000Z',
      },
    ],
  },
)

export const Create${Singular} = StrictObject(creating(fields${when(withDefault.length > 0, `, [${withDefault.join(', ')}]`)}), { examples: [{ ${createExample(fields)} }] })

export const Update${Singular} = StrictObject(changing(fields), { examples: [{ ${first && `${first.name}: ${first.kind.examples(first)[1]}`} }] })

export const ${Singular}Query = StrictObject({
  ...pageQuery(${constant}_SORT_FIELDS, '-createdAt'),
  ${lines(
    when(searched.length > 0, `${searchParameter(searched)},`),
    ...filteredFields(fields).map((field) => `${filterParameter(field, names)},`),
  )}
})

export const ${Singular}Page = pageOf(ref(${Singular}))
`
}

function schemaImports(resource: Resource): string {
  const { names, owner, fields } = resource
  const { kebab, constant } = names
  const enums = fields.filter(({ kind }) => kind.schemaImports.includes('StringEnum'))
  const isOfOrganization = owner === 'organization'
  return [
    imports(`../../db/queries/${kebab}.js`, [`${constant}_SORT_FIELDS`]),
    imports(
      `../../db/schema/${kebab}.js`,
      enums.map((field) => enumOf(field, names)),
    ),
    when(isOfOrganization, imports('../../lib/schema/organization-schemas.js', ['OrganizationParams'])),
    imports('../../lib/schema/pagination.js', ['pageOf', 'pageQuery']),
    imports('../../lib/schema/schemas.js', [
      ...['changing', 'creating', 'ref', 'StrictObject', 'Timestamp', 'Uuid'],
      ...(hasCreator(resource) ? ['Nullable'] : []),
      ...(searchedFields(fields).length > 0 ? ['SearchText'] : []),
      ...fields.flatMap(fieldImports),
    ]),
    "import Type from '../../lib/schema/type.js'\n",
  ].join('')
}

/** What the constant of a field imports from `src/lib/schema/schemas.ts`. */
export const fieldImports = ({ kind, isNullable }: Field): string[] => [
  ...kind.schemaImports,
  ...(isNullable ? ['Nullable'] : []),
]

export function fieldConstant(field: Field, names: Names): string {
  const schema = field.kind.schema(field, names)
  return `const ${field.name} = ${field.isNullable ? `Nullable(${schema})` : schema}`
}

export const exampleProperty = (field: Field): string => `${field.name}: ${field.kind.examples(field)[0]}`

/** The fields that clients must send, or else the first one. */
function createExample(fields: readonly Field[]): string {
  const required = fields.filter(isRequired)
  return (required.length > 0 ? required : fields.slice(0, 1)).map(exampleProperty).join(', ')
}
