import { REQUEST_OUTCOMES } from '../../lib/audit/finished-request.js'
import { SECURITY_EVENTS } from '../../lib/audit/security-events.js'
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

export const AuditRequestQuery = StrictObject({
  ...pageQuery(['createdAt'], '-createdAt'),
  requestId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, format: 'storable' })),
  userId: Type.Optional(Type.Unsafe<string>({ ...Uuid, description: 'The caller.' })),
  subjectId: Type.Optional(
    Type.Unsafe<string>({ ...Uuid, description: 'The user that the request was about, if not the caller.' }),
  ),
  organizationId: Type.Optional(OrganizationFilter),
  event: Type.Optional(StringEnum(SECURITY_EVENTS)),
  outcome: Type.Optional(StringEnum(REQUEST_OUTCOMES)),
  ...timeRange,
})

export const RequestQuery = StrictObject({ organizationId: Type.Optional(OrganizationFilter) })

const RequestJson = (description: string) => Type.Unsafe<unknown>({ description })

export const AuditRequest = Type.Object(
  {
    id: Uuid,
    createdAt: { ...Timestamp, description: 'When the request ended.' },
    requestId: Type.String({ description: 'The `x-request-id` of the request.' }),
    actor: Type.String({ description: '`user` or `anonymous`.' }),
    userId: { ...Nullable(Uuid), description: 'The caller; `null` without a valid access token.' },
    subjectId: Type.Unsafe<string | null>({
      ...Nullable(Uuid),
      description:
        'The user that the request was about, if not the caller: for example whose sign-in failed, or whose role was changed.',
    }),
    organizationId: {
      ...Nullable(Uuid),
      description: 'The organization that the request was about; `null` if there was none.',
    },
    event: Type.Unsafe<(typeof SECURITY_EVENTS)[number] | null>({
      type: ['string', 'null'],
      enum: [...SECURITY_EVENTS, null],
      description: 'The security event, if the request caused one.',
    }),
    outcome: StringEnum(REQUEST_OUTCOMES, {
      description:
        '`ok`: status 2xx or 3xx. `denied`: 401 or 403. `rejected`: any other 4xx. `error`: 5xx. `aborted`: the client hung ' +
        'up before the response. `missing_audit`: the audit log lacks entries for changed rows.',
    }),
    status: Type.Integer({ description: 'The status of the response.' }),
    durationMs: Type.Number({ description: 'The duration of the request in milliseconds.' }),
    method: Type.String(),
    route: {
      ...Nullable(Type.String()),
      description: 'The path of the operation, with placeholders for parameters; `null` for an unknown path.',
    },
    url: Type.String({
      description: 'The path and the query as the client sent them. Secrets are `[redacted]`.',
    }),
    ip: Type.String({ description: 'The address of the client.' }),
    headers: RequestJson('The request headers. Secrets are `[redacted]`.'),
    body: RequestJson('The request body. Secrets, unknown fields and refused values are `[redacted]`.'),
    args: RequestJson('`{ params, query }`: the path and query parameters.'),
    rowsChanged: Type.Integer({
      description:
        'The rows of audited tables that the statements of the request reported as changed. Cascades are not counted.',
    }),
    entries: Type.Integer({
      description:
        'The number of its entries in the audit log. If there are any, they contain the headers, the body and the ' +
        'arguments, which are then not repeated here.',
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
