import type { Readable } from 'node:stream'
import { AUDIT_ACTIONS } from '../../db/audit/log.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import {
  Nullable,
  OrganizationFilter,
  ref,
  StrictObject,
  StringEnum,
  Timestamp,
  Uuid,
} from '../../lib/schema/schemas.js'
import { timeRange } from '../../lib/schema/time-range.js'
import Type from '../../lib/schema/type.js'

const Name = Type.String({ minLength: 1, maxLength: 200, format: 'storable' })

const filters = {
  tableName: Type.Optional(Type.Unsafe<string>({ ...Name, description: 'The SQL name, such as `users`.' })),
  objectId: Type.Optional(Type.Unsafe<string>({ ...Name, description: 'The id of the row.' })),
  userId: Type.Optional(Type.Unsafe<string>({ ...Uuid, description: 'The user who made the change.' })),
  organizationId: Type.Optional(OrganizationFilter),
  action: Type.Optional(StringEnum(AUDIT_ACTIONS)),
  requestId: Type.Optional(
    Type.Unsafe<string>({ ...Name, description: 'The `x-request-id` of the request that made the change.' }),
  ),
  changed: Type.Optional(
    Type.String({
      maxLength: 63,
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      expected: 'the name of a field',
      description: 'The name of a field in the states, such as `role`. Finds only updates that changed it.',
    }),
  ),
  ...timeRange,
}

export const AuditQuery = StrictObject({ ...pageQuery(['createdAt'], '-createdAt'), ...filters })

export const ExportQuery = StrictObject({ format: StringEnum(['csv', 'ndjson']), ...filters })

export const EntryQuery = StrictObject({ organizationId: Type.Optional(OrganizationFilter) })

export const StateQuery = StrictObject({
  tableName: Name,
  objectId: Name,
  organizationId: Type.Optional(OrganizationFilter),
  at: Type.Optional(
    Type.Unsafe<Date>({
      ...Timestamp,
      description: 'The point in time, including entries of this millisecond. Default: now.',
    }),
  ),
})

/** A part of the request. All of them are null when a job or a command made the change. */
const RequestText = (description: string) => ({ ...Nullable(Type.String()), description })
const RequestJson = (description: string) => Type.Unsafe<unknown>({ description })

const State = (when: string, absent: string) =>
  Type.Unsafe<unknown>({
    description:
      `The row ${when}, with the field names of the API; \`null\` on ${absent}. Secrets are \`[redacted]\`. Numbers that a ` +
      'double cannot hold exactly, and all values of `numeric` and `bigint` columns, are strings with every digit.',
  })

export const AuditEntry = Type.Object(
  {
    id: Uuid,
    createdAt: Timestamp,
    userId: {
      ...Nullable(Uuid),
      description:
        'The user who made the change; `null` without a valid access token, and for jobs and commands.',
    },
    tableName: Type.String({ description: 'The SQL name, such as `users`.' }),
    objectId: Type.String({ description: 'The id of the row.' }),
    action: StringEnum(AUDIT_ACTIONS),
    stateBefore: State('before the change', 'create'),
    stateAfter: State('after the change', 'delete'),
    method: RequestText('`null` for jobs and commands, like all parts of the request.'),
    url: RequestText('The path and the query as the client sent them. Secrets are `[redacted]`.'),
    headers: RequestJson('The request headers. Secrets are `[redacted]`.'),
    body: RequestJson('The request body. Secrets and unknown fields are `[redacted]`.'),
    args: RequestJson('`{ params, query }`: the path and query parameters.'),
    ip: RequestText('The address of the client.'),
    requestId: RequestText(
      'The `x-request-id` of the request. For a job: of the request that caused it, if there was one.',
    ),
    organizationId: {
      ...Nullable(Uuid),
      description: 'The organization that the row belongs to; `null` if it belongs to none.',
    },
    actor: Type.String({ description: '`user`, `anonymous`, `job:<name>` or `cli:<name>`.' }),
  },
  { $id: 'AuditEntry' },
)

export const AuditPage = pageOf(ref(AuditEntry))

export const ObjectState = Type.Object({
  tableName: Type.String(),
  objectId: Type.String(),
  at: Timestamp,
  state: Type.Unsafe<unknown>({
    description:
      'The row, with the field names of the API; `null` before it was created and after it was deleted.',
  }),
  entryId: {
    ...Nullable(Uuid),
    description: 'The entry that led to this state; `null` before the first one.',
  },
})

/** Documents both formats of an export. The response is a stream: it is too long to be built in memory. */
export const ExportedEntries = {
  content: {
    'text/csv': {
      schema: Type.Unsafe<Readable>({
        type: 'string',
        description:
          'A header row with the field names of `AuditEntry`, then one row per entry. Cells of objects and arrays contain JSON.',
      }),
    },
    'application/x-ndjson': { schema: Type.Unsafe<Readable>({ ...ref(AuditEntry) }) },
  },
}
