import type { Readable } from 'node:stream'
import { AUDIT_ACTIONS } from '../../db/audit/log.js'
import { pageOf, pageQuery } from '../../lib/schema/pagination.js'
import {
  NamedOrganization,
  Nullable,
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
  tableName: Type.Optional(Name),
  objectId: Type.Optional(Name),
  userId: Type.Optional(Uuid),
  organizationId: Type.Optional(NamedOrganization),
  action: Type.Optional(StringEnum(AUDIT_ACTIONS)),
  requestId: Type.Optional(Name),
  changed: Type.Optional(
    Type.String({
      maxLength: 63,
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      description: 'The name of a field in the states, such as `role`. Finds only updates that changed it.',
    }),
  ),
  ...timeRange,
}

export const AuditQuery = StrictObject({ ...pageQuery(['createdAt'], '-createdAt'), ...filters })

export const ExportQuery = StrictObject({ format: StringEnum(['csv', 'ndjson']), ...filters })

export const EntryQuery = StrictObject({ organizationId: Type.Optional(NamedOrganization) })

export const StateQuery = StrictObject({
  tableName: Name,
  objectId: Name,
  organizationId: Type.Optional(NamedOrganization),
  at: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'The point in time, including entries of this millisecond. Default: now.',
    }),
  ),
})

const NullableText = Nullable(Type.String())
/** Any JSON: what the client sent. */
const Json = Type.Unsafe<unknown>({})
const State = (when: string) =>
  Type.Unsafe<unknown>({
    description:
      `The row ${when}, with the field names of the API. Numbers that a double cannot hold exactly, and all values of ` +
      '`numeric` and `bigint` columns, are strings with every digit.',
  })

export const AuditEntry = Type.Object(
  {
    id: Uuid,
    createdAt: Timestamp,
    userId: Nullable(Uuid),
    tableName: Type.String(),
    objectId: Type.String(),
    action: StringEnum(AUDIT_ACTIONS),
    stateBefore: State('before the change; `null` on create'),
    stateAfter: State('after the change; `null` on delete'),
    method: NullableText,
    url: NullableText,
    headers: Json,
    body: Json,
    args: Json,
    ip: NullableText,
    requestId: NullableText,
    organizationId: Nullable(Uuid),
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
