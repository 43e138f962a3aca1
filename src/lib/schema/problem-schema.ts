import Type from './type.js'

/** The body of every error response (RFC 9457). `errors` lists the failing fields of an invalid request. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({
      description: 'A stable name for this kind of failure.',
      examples: ['VALIDATION_FAILED'],
    }),
    detail: Type.String(),
    requestId: Type.String(),
    traceId: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{32}$',
        description: 'The trace of the request; absent unless tracing is on.',
      }),
    ),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), { maxItems: 50 }),
    ),
  },
  { $id: 'Problem' },
)
