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
      description: 'A field, as the states name it (`role`): only the updates that changed it.',
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
    Type.String({ format: 'date-time', description: 'This millisecond included; now, if left out.' }),
  ),
})

const NullableText = Nullable(Type.String())
/** Whatever a client sent. */
const Json = Type.Unsafe<unknown>({})
const State = (when: string) =>
  Type.Unsafe<unknown>({
    description:
      `The row ${when}, with the API's names. A number is a number where a double holds its value, and else a text with ` +
      'every digit, as are those of `numeric` and `bigint` columns.',
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
    stateAfter: State('after it; `null` on delete'),
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
  state: Type.Unsafe<unknown>({ description: '`null` before it was made and after it was deleted.' }),
  entryId: {
    ...Nullable(Uuid),
    description: 'The entry that left it so; `null` before the first one.',
  },
})

/** Of one of several types, and too long to be made at once. */
export const ExportedEntries = {
  content: {
    'text/csv': {
      schema: Type.Unsafe<Readable>({
        type: 'string',
        description:
          'A header row with the names of the fields of `AuditEntry`, then a row an entry; what is no text is JSON in its cell.',
      }),
    },
    'application/x-ndjson': { schema: Type.Unsafe<Readable>({ ...ref(AuditEntry) }) },
  },
}
