import { capitalized } from '../names.js'
import type { Resource } from '../resource.js'
import { imports, when } from './code.js'

/** How the handlers of each owner reach the rows. */
const OWNERS = {
  organization: {
    /** Between the verb and the name of the resource in the names of handlers: `listOrganizationNotes`. */
    all: 'Organization',
    one: 'One',
    ofOwner: 'of an organization',
    the: '',
    setUp: '',
    /** Calls a query with the rows that the caller may reach. */
    call: (query: string, args: string) => `request.inOrganization((scope) => ${query}(scope, ${args}))`,
  },
  user: {
    all: 'My',
    one: 'My',
    ofOwner: 'of the caller',
    the: 'my ',
    setUp: '\n  const { db } = app',
    call: (query: string, args: string) => `${query}(db, request.user.userId, ${args})`,
  },
} as const

/** `src/routes/notes/index.ts` */
export function routesFile(resource: Resource): string {
  const { names, owner } = resource
  const { singular, Plural, Singular, kebab, words } = names
  const { setUp, ofOwner } = OWNERS[owner]
  const queries = [
    `create${Singular}`,
    `delete${Singular}`,
    `get${Singular}`,
    `list${Plural}`,
    `update${Singular}`,
  ]
  const schemas = ['Create_', '_', '_Page', '_Params', '_Query', 'Update_']
  return `import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
${imports(`../../db/queries/${kebab}.js`, queries)}import { locationOf } from '../../lib/http/location.js'
${when(owner === 'organization', imports('../../lib/schema/organization-schemas.js', ['OrganizationParams']))}import { NoBody, ref } from '../../lib/schema/schemas.js'
${imports(
  './schemas.js',
  schemas.map((name) => name.replace('_', Singular)),
)}
const ${singular}Routes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag('${capitalized(words)}', 'The ${words} ${ofOwner}.')${setUp}
  app.addSchema(${Singular})

  ${[listRoute, createRoute, getRoute, updateRoute, deleteRoute].map((route) => route(resource)).join('\n\n  ')}
}

export default ${singular}Routes
`
}

function listRoute(resource: Resource): string {
  const { names, owner } = resource
  const { Plural, Singular, words } = names
  const { all, call, the } = OWNERS[owner]
  return `app.get(
    '',
    {
      schema: {
        tags,
        summary: '${the ? `List ${the}${words}` : `List the ${words} of an organization`}',
        ${when(owner === 'organization', 'params: OrganizationParams,\n')}querystring: ${Singular}Query,
        response: { 200: ${Singular}Page },
      },
      ${configOf(resource, 'read')}
    },
    async function list${all}${Plural}(request) {
      return ${call(`list${Plural}`, 'request.query')}
    },
  )`
}

function createRoute(resource: Resource): string {
  const { names, owner } = resource
  const { singular, Singular, one } = names
  const { one: which, call } = OWNERS[owner]
  return `app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Create ${one}',
        ${when(owner === 'organization', 'params: OrganizationParams,\n')}body: Create${Singular},
        response: { 201: ref(${Singular}) },
      },
      ${configOf(resource, 'create', `rateLimits: '60/minute'`)}
    },
    async function create${which}${Singular}(request, reply) {
      const ${singular} = await ${call(`create${Singular}`, 'request.body')}
      return reply.code(201).header('location', locationOf(request, ${singular}.id)).send(${singular})
    },
  )`
}

function getRoute(resource: Resource): string {
  const { names, owner } = resource
  const { singular, Singular } = names
  const { one: which, call } = OWNERS[owner]
  return `app.get(
    '/:${singular}Id',
    {
      schema: {
        tags,
        summary: '${summaryOf('Get', resource)}',
        params: ${Singular}Params,
        response: { 200: ref(${Singular}) },
      },
      ${configOf(resource, 'read')}
    },
    async function get${which}${Singular}(request) {
      return ${call(`get${Singular}`, `request.params.${singular}Id`)}
    },
  )`
}

function updateRoute(resource: Resource): string {
  const { names, owner } = resource
  const { singular, Singular } = names
  const { one: which, call } = OWNERS[owner]
  return `app.patch(
    '/:${singular}Id',
    {
      schema: {
        tags,
        summary: '${summaryOf('Update', resource)}',
        params: ${Singular}Params,
        body: Update${Singular},
        response: { 200: ref(${Singular}) },
      },
      ${configOf(resource, 'update')}
    },
    async function update${which}${Singular}(request) {
      const { params, body } = request
      return ${call(`update${Singular}`, `params.${singular}Id, body`)}
    },
  )`
}

function deleteRoute(resource: Resource): string {
  const { names, owner } = resource
  const { singular, Singular } = names
  const { one: which, call } = OWNERS[owner]
  return `app.delete(
    '/:${singular}Id',
    {
      schema: {
        tags,
        summary: '${summaryOf('Delete', resource)}',
        params: ${Singular}Params,
        response: { 204: NoBody('Deleted') },
      },
      ${configOf(resource, 'delete')}
    },
    async function delete${which}${Singular}(request, reply) {
      await ${call(`delete${Singular}`, `request.params.${singular}Id`)}
      return reply.code(204).send()
    },
  )`
}

/** `Get a note`, or `Get one of my notes`. */
const summaryOf = (verb: string, { names, owner }: Resource): string =>
  owner === 'user' ? `${verb} one of my ${names.words}` : `${verb} ${names.one}`

/** The policy of a route: who may call it, and how often. Empty where every user may. */
function configOf({ names, owner, isPublicRead }: Resource, action: string, limits = ''): string {
  const permission = when(owner === 'organization', `permission: '${names.snake}.${action}'`)
  const policy = isPublicRead && action === 'read' ? 'public: true' : permission
  const parts = [policy, limits].filter(Boolean)
  return when(parts.length > 0, `config: { ${parts.join(', ')} },`)
}
