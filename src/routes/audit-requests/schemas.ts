import { REQUEST_OUTCOMES } from '../../lib/audit/finished-request.js'
import { SECURITY_EVENTS } from '../../lib/audit/security-events.js'
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

export const AuditRequestQuery = StrictObject({
  ...pageQuery(['createdAt'], '-createdAt'),
  requestId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, format: 'storable' })),
  userId: Type.Optional(Uuid),
  subjectId: Type.Optional(Uuid),
  organizationId: Type.Optional(NamedOrganization),
  event: Type.Optional(StringEnum(SECURITY_EVENTS)),
  outcome: Type.Optional(StringEnum(REQUEST_OUTCOMES)),
  ...timeRange,
})

export const RequestQuery = StrictObject({ organizationId: Type.Optional(NamedOrganization) })

/** Whatever a client sent. */
const Json = Type.Unsafe<unknown>({})

export const AuditRequest = Type.Object(
  {
    id: Uuid,
    createdAt: Timestamp,
    requestId: Type.String(),
    actor: Type.String({ description: '`user` or `anonymous`.' }),
    userId: Nullable(Uuid),
    subjectId: Type.Unsafe<string | null>({
      ...Nullable(Uuid),
      description:
        'Whom it is about, where that is not the caller: whose sign-in failed, whose role was changed.',
    }),
    organizationId: Nullable(Uuid),
    event: Type.Unsafe<(typeof SECURITY_EVENTS)[number] | null>({
      type: ['string', 'null'],
      enum: [...SECURITY_EVENTS, null],
    }),
    outcome: StringEnum(REQUEST_OUTCOMES, {
      description:
        '`aborted`: the client hung up before the answer. `missing_audit`: rows were changed and the audit log does not tell.',
    }),
    status: Type.Integer(),
    durationMs: Type.Number(),
    method: Type.String(),
    route: Nullable(Type.String()),
    url: Type.String(),
    ip: Type.String(),
    headers: Json,
    body: Json,
    args: Json,
    rowsChanged: Type.Integer({ description: 'Rows of audited tables that it says it changed, at least.' }),
    entries: Type.Integer({
      description: 'Its entries in the audit log. They hold its headers and body, if there are any.',
    }),
    count: Type.Integer({
      minimum: 1,
      description:
        'How many requests it stands for: refused requests of one client beyond 20 a minute are summed up by operation, status ' +
        'and event. A sum has the id of its first request, and neither headers, body nor arguments.',
    }),
  },
  { $id: 'AuditRequest' },
)

export const AuditRequestPage = pageOf(ref(AuditRequest))
