import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkAuditAccess } from '../../db/queries/audit-access.js'
import { exportAuditEntries, getAuditEntry, listAuditEntries } from '../../db/queries/audit-log.js'
import { getObjectState } from '../../db/queries/audit-state.js'
import { noteEvent, noteOrganization } from '../../lib/context.js'
import { Forbidden, NotFound } from '../../lib/errors.js'
import { IdParams, ref } from '../../lib/schemas.js'
import { withTimes } from '../../lib/time-range.js'
import { EXPORT_TYPES, startReading, toCsvPieces, toNdjsonPieces } from './export.js'
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

const tags = ['Audit log']
/** An org_admin reads, too: who may read what is decided when it is known of which organization. */
const config = { failures: [Forbidden] } as const

const auditLogRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  app.addSchema(AuditEntry)
  app.addHook('preHandler', async function checkReader(request) {
    const { organizationId } = request.query as { organizationId?: string }
    if (organizationId !== undefined) noteOrganization(organizationId)
    await checkAuditAccess(db, request.user, organizationId)
  })

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search the audit log',
        description:
          'An entry can be read as soon as the write that it tells of is answered. A super_admin reads all, an `org_admin` ' +
          'those of an organization of his, which he names; anybody else nothing.',
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
      config,
    },
    async function searchAuditLog(request) {
      return listAuditEntries(db, withTimes(request.query))
    },
  )

  app.get(
    '/export',
    {
      schema: {
        tags,
        summary: 'Export what a search finds',
        description:
          'All of it, from the newest entry to the oldest, as a file. An answer that breaks off is not complete: the connection is closed without its proper end.',
        querystring: ExportQuery,
        response: { 200: ExportedEntries },
      },
      config: { ...config, recorded: true },
    },
    async function exportAuditLog(request, reply) {
      const { format, ...filters } = request.query
      const batches = await startReading(exportAuditEntries(db, withTimes(filters)))
      const today = new Date().toISOString().slice(0, 10)
      reply
        .type(EXPORT_TYPES[format])
        .header('content-disposition', `attachment; filename="audit-log-${today}.${format}"`)
      // HEAD asks for the headers, and would read everything for nothing.
      if (request.method === 'HEAD') return reply.send(Readable.from([]))
      noteEvent('audit_exported')
      const toJson = reply.compileSerializationSchema(ENTRY)
      return reply.send(
        Readable.from(format === 'csv' ? toCsvPieces(batches) : toNdjsonPieces(batches, toJson)),
      )
    },
  )

  app.get(
    '/state',
    {
      schema: {
        tags,
        summary: 'Read what an object was at a time',
        description: 'From the last entry of then. An object that has no entries is not found.',
        querystring: StateQuery,
        response: { 200: ObjectState },
      },
      config: { failures: [Forbidden, NotFound] },
    },
    async function getStateOfObject(request) {
      const { at, ...object } = request.query
      const moment = at === undefined ? undefined : new Date(at)
      const state = await getObjectState(db, object, moment)
      return { ...object, at: moment ?? new Date(), ...state }
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Read an audit entry',
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

const ENTRY: Record<string, unknown> = { ...ref(AuditEntry) }

export default auditLogRoutes
