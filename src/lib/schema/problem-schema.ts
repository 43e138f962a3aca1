import Type from './type.js'

/** Every error answer: RFC 9457, with a stable code, the request's id and, after a refused input, each failing field. */
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
        description: 'The trace that the request is part of, where tracing is on.',
      }),
    ),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), { maxItems: 50 }),
    ),
  },
  { $id: 'Problem' },
)
