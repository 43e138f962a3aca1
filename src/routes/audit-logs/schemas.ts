import { AUDIT_ACTIONS } from '../../db/audit/log.js'
import { pageOf, pageQuery } from '../../lib/pagination.js'
import { Nullable, ref, StrictObject, StringEnum, Timestamp, Uuid } from '../../lib/schemas.js'
import Type from '../../lib/type.js'

const DateTime = Type.String({ format: 'date-time' })
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$' })

export const AuditQuery = StrictObject({
  ...pageQuery(['createdAt'], '-createdAt'),
  tableName: Type.Optional(Name),
  objectId: Type.Optional(Name),
  userId: Type.Optional(Uuid),
  organizationId: Type.Optional(Uuid),
  action: Type.Optional(StringEnum(AUDIT_ACTIONS)),
  requestId: Type.Optional(Name),
  from: Type.Optional(DateTime),
  to: Type.Optional(DateTime),
})

const NullableText = Nullable(Type.String())
/** Whatever a client sent or a row held. */
const Json = Type.Unsafe<unknown>({})

export const AuditEntry = Type.Object(
  {
    id: Uuid,
    createdAt: Timestamp,
    userId: Nullable(Uuid),
    tableName: Type.String(),
    objectId: Type.String(),
    action: StringEnum(AUDIT_ACTIONS),
    stateBefore: Json,
    stateAfter: Json,
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
