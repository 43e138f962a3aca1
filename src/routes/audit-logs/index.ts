import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { checkAuditAccess } from '../../db/queries/audit/audit-access.js'
import { exportAuditEntries, getAuditEntry, listAuditEntries } from '../../db/queries/audit/audit-log.js'
import { getObjectState } from '../../db/queries/audit/audit-state.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { Forbidden, NotFound, TooManyExports, Unauthorized } from '../../lib/errors/errors.js'
import { IdParams, ref } from '../../lib/schema/schemas.js'
import { withTimes } from '../../lib/schema/time-range.js'
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
    'Who changed what, when and how, for a super_admin and, in their organization, an org_admin.',
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
          'An entry can be read as soon as the write that caused it is answered. A super_admin reads all entries, an ' +
          '`org_admin` those of an organization that `organizationId` names; other users get a 403. A page has fewer ' +
          'entries than `limit` where these are larger than 1 MiB together: `nextCursor` leads on.',
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
          'All of it, from the newest entry to the oldest, as a file. An answer that breaks off is not complete: the ' +
          'connection is closed without its proper end. That happens, too, when the session ends, when the user may no ' +
          'longer read the log, and when nothing of the answer is read for a minute.',
        querystring: ExportQuery,
        response: { 200: ExportedEntries },
      },
      config: { failures: [Forbidden, TooManyExports], recorded: true },
    },
    async function exportAuditLog(request, reply) {
      const { user, query } = request
      const { format, ...filters } = query
      // HEAD asks for the headers, and would read everything for nothing.
      if (request.method === 'HEAD') return asFile(reply, format).send(Readable.from([]))
      const toJson = reply.compileSerializationSchema(ENTRY)
      const watch = async () => {
        if (await app.revocationList.isRevoked(user)) throw new Unauthorized()
      }
      const stream = await openExport({
        batches: exportAuditEntries(db, withTimes(filters)),
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

function asFile(reply: FastifyReply, format: keyof typeof EXPORT_TYPES) {
  const today = new Date().toISOString().slice(0, 10)
  return reply
    .type(EXPORT_TYPES[format])
    .header('content-disposition', `attachment; filename="audit-log-${today}.${format}"`)
}

const ENTRY: Record<string, unknown> = { ...ref(AuditEntry) }

export default auditLogRoutes
