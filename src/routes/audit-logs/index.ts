import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { exportAuditEntries, getAuditEntry, listAuditEntries } from '../../db/queries/audit-log.js'
import { getObjectState } from '../../db/queries/audit-state.js'
import { noteEvent } from '../../lib/context.js'
import { NotFound } from '../../lib/errors.js'
import { IdParams, ref } from '../../lib/schemas.js'
import { withTimes } from '../../lib/time-range.js'
import { EXPORT_TYPES, startReading, toCsvPieces, toNdjsonPieces } from './export.js'
import {
  AuditEntry,
  AuditPage,
  AuditQuery,
  ExportedEntries,
  ExportQuery,
  ObjectState,
  StateQuery,
} from './schemas.js'

const tags = ['Audit log']
const config = { role: 'super_admin' } as const

const auditLogRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  app.addSchema(AuditEntry)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search the audit log',
        description: 'An entry can be read as soon as the write that it tells of is answered.',
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
      config: { ...config, failures: [NotFound] },
    },
    async function getStateOfObject(request) {
      const { tableName, objectId, at } = request.query
      const moment = at === undefined ? undefined : new Date(at)
      const state = await getObjectState(db, { tableName, objectId }, moment)
      return { tableName, objectId, at: moment ?? new Date(), ...state }
    },
  )

  app.get(
    '/:id',
    {
      schema: { tags, summary: 'Read an audit entry', params: IdParams, response: { 200: ref(AuditEntry) } },
      config,
    },
    async function getAuditLogEntry(request) {
      return getAuditEntry(db, request.params.id)
    },
  )
}

const ENTRY: Record<string, unknown> = { ...ref(AuditEntry) }

export default auditLogRoutes
