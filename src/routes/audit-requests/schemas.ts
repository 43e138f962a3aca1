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

/** Any JSON: what the client sent. */
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
        'The user that the request was about, if not the caller: for example whose sign-in failed, or whose role was changed.',
    }),
    organizationId: Nullable(Uuid),
    event: Type.Unsafe<(typeof SECURITY_EVENTS)[number] | null>({
      type: ['string', 'null'],
      enum: [...SECURITY_EVENTS, null],
    }),
    outcome: StringEnum(REQUEST_OUTCOMES, {
      description:
        '`aborted`: the client hung up before the response. `missing_audit`: the audit log lacks entries for changed rows.',
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
    rowsChanged: Type.Integer({
      description:
        'The rows of audited tables that the request reported as changed. It may have changed more.',
    }),
    entries: Type.Integer({
      description:
        'The number of its entries in the audit log. If there are any, they contain the headers and the body.',
    }),
    count: Type.Integer({
      minimum: 1,
      description:
        'How many requests the record stands for. Beyond 20 refused requests a minute, further ones of the same client are ' +
        'combined by operation, status and event. A combined record has the id of its first request, and no headers, body ' +
        'or arguments.',
    }),
  },
  { $id: 'AuditRequest' },
)

export const AuditRequestPage = pageOf(ref(AuditRequest))
