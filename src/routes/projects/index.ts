import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  createProject,
  deleteProject,
  getProject,
  listProjects,
  updateProject,
} from '../../db/queries/projects.js'
import { locationOf } from '../../lib/http/location.js'
import { OrganizationParams } from '../../lib/schema/organization-schemas.js'
import { NoBody, ref } from '../../lib/schema/schemas.js'
import { CreateProject, Project, ProjectPage, ProjectParams, ProjectQuery, UpdateProject } from './schemas.js'

const projectRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag('Projects', 'The projects of an organization.')
  app.addSchema(Project)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'List the projects of an organization',
        params: OrganizationParams,
        querystring: ProjectQuery,
        response: { 200: ProjectPage },
      },
      config: { permission: 'projects.read' },
    },
    async function listOrganizationProjects(request) {
      return request.inOrganization((scope) => listProjects(scope, request.query))
    },
  )

  app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Create a project',
        params: OrganizationParams,
        body: CreateProject,
        response: { 201: ref(Project) },
      },
      config: { permission: 'projects.create', rateLimits: '60/minute' },
    },
    async function createOneProject(request, reply) {
      const project = await request.inOrganization((scope) => createProject(scope, request.body))
      return reply.code(201).header('location', locationOf(request, project.id)).send(project)
    },
  )

  app.get(
    '/:projectId',
    {
      schema: {
        tags,
        summary: 'Get a project',
        params: ProjectParams,
        response: { 200: ref(Project) },
      },
      config: { permission: 'projects.read' },
    },
    async function getOneProject(request) {
      return request.inOrganization((scope) => getProject(scope, request.params.projectId))
    },
  )

  app.patch(
    '/:projectId',
    {
      schema: {
        tags,
        summary: 'Update a project',
        params: ProjectParams,
        body: UpdateProject,
        response: { 200: ref(Project) },
      },
      config: { permission: 'projects.update' },
    },
    async function updateOneProject(request) {
      const { params, body } = request
      return request.inOrganization((scope) => updateProject(scope, params.projectId, body))
    },
  )

  app.delete(
    '/:projectId',
    {
      schema: {
        tags,
        summary: 'Delete a project',
        params: ProjectParams,
        response: { 204: NoBody('Deleted') },
      },
      config: { permission: 'projects.delete' },
    },
    async function deleteOneProject(request, reply) {
      await request.inOrganization((scope) => deleteProject(scope, request.params.projectId))
      return reply.code(204).send()
    },
  )
}

export default projectRoutes
