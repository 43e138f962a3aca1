import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { checkAuditAccess } from '../../db/queries/audit/audit-access.js'
import { exportAuditEntries, getAuditEntry, listAuditEntries } from '../../db/queries/audit/audit-log.js'
import { getObjectState } from '../../db/queries/audit/audit-state.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { Forbidden, NotFound, TooManyExports, Unauthorized } from '../../lib/errors/errors.js'
import { IdParams, ref } from '../../lib/schema/schemas.js'
import auditReaders from '../../plugins/auth/audit-readers.js'
import { EXPORT_TYPES, openExport, toCsvPieces, toNdjsonPieces } from './export.js'
import {
  AuditEntry,
  AuditPage,
  AuditQuery,
  EntryQuery,
  ExportedEntries,
  ExportQuery,
  ObjectState,
  StateQuery,
} from './schemas.js'

const config = { failures: [Forbidden] } as const

const auditLogRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag(
    'Audit log',
    'Who changed what, when and how. For `super_admin`, and for each `org_admin` within their organization.',
  )
  const { db } = app
  app.addSchema(AuditEntry)
  await app.register(auditReaders)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search the audit log',
        description:
          'An entry is readable as soon as the request that wrote it has its response. A `super_admin` can read all ' +
          'entries. An `org_admin` can read those of their organization, and has to send its `organizationId`. Other users ' +
          'get a 403. A page can have fewer than `limit` entries, because it ends at 1 MiB: continue with `nextCursor`.',
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
      config,
    },
    async function searchAuditLog(request) {
      return listAuditEntries(db, request.query)
    },
  )

  app.get(
    '/export',
    {
      schema: {
        tags,
        summary: 'Export search results',
        description:
          'Returns all matching entries, newest first, as a file. When the export fails, the connection is closed before the ' +
          'end of the response: such a file is incomplete. This also happens when the session ends, when the caller may no ' +
          'longer read the log, and when the client reads nothing for a minute.',
        querystring: ExportQuery,
        response: { 200: ExportedEntries },
      },
      config: { failures: [Forbidden, TooManyExports], recorded: true },
    },
    async function exportAuditLog(request, reply) {
      const { user, query } = request
      const { format, ...filters } = query
      // HEAD needs the headers only: do not read the entries.
      if (request.method === 'HEAD') return asFile(reply, format).send(Readable.from([]))
      const toJson = reply.compileSerializationSchema(ENTRY)
      const watch = async () => {
        if (await app.revocationList.isRevoked(user)) throw new Unauthorized()
      }
      const stream = await openExport({
        batches: exportAuditEntries(db, filters),
        toPieces: format === 'csv' ? toCsvPieces : toNdjsonPieces(toJson),
        watch,
        check: async () => {
          await watch()
          await checkAuditAccess(db, user, filters.organizationId)
        },
        onClose: app.exportSlots.take(user.userId),
      })
      recordSecurityEvent('audit_exported')
      return asFile(reply, format).send(stream)
    },
  )

  app.get(
    '/state',
    {
      schema: {
        tags,
        summary: 'Get the state of an object at a point in time',
        description:
          'Returns the state after its last entry at that time. An object without any entries is a 404.',
        querystring: StateQuery,
        response: { 200: ObjectState },
      },
      config: { failures: [Forbidden, NotFound] },
    },
    async function getStateOfObject(request) {
      const { at, ...object } = request.query
      const state = await getObjectState(db, object, at)
      return { ...object, at: at ?? new Date(), ...state }
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Get an audit log entry',
        params: IdParams,
        querystring: EntryQuery,
        response: { 200: ref(AuditEntry) },
      },
      config,
    },
    async function getAuditLogEntry(request) {
      return getAuditEntry(db, request.params.id, request.query.organizationId)
    },
  )
}

function asFile(reply: FastifyReply, format: keyof typeof EXPORT_TYPES) {
  const today = new Date().toISOString().slice(0, 10)
  return reply
    .type(EXPORT_TYPES[format])
    .header('content-disposition', `attachment; filename="audit-log-${today}.${format}"`)
}

const ENTRY: Record<string, unknown> = { ...ref(AuditEntry) }

export default auditLogRoutes
