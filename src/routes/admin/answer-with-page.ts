import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { settleFailure } from '../../plugins/http/errors.js'
import { notAllowedPage, signInPage } from '../../views/admin.js'
import { failurePage } from '../../views/failure.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'
import { returnPathOf, SIGN_IN_PATH } from './return-to.js'

/** Failures that another attempt may fix, shown at the sign-in form. */
const REFUSALS: Record<string, (detail: string) => string> = {
  INVALID_CREDENTIALS: () =>
    'The address or the password is wrong, or the account is not an administrator account.',
  TOO_MANY_ATTEMPTS: (detail) => detail,
  VALIDATION_FAILED: () => 'Enter an e-mail address and a password.',
}

/** Answers a failure with a page: with the sign-in form again when another attempt may succeed. */
export function answerWithPage(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  reply.type(HTML_MEDIA_TYPE)
  if (problem.code === 'FORBIDDEN') return reply.send(notAllowedPage())
  const refusal = REFUSALS[problem.code]?.(problem.detail)
  if (refusal === undefined || request.routeOptions.url !== SIGN_IN_PATH)
    return reply.send(failurePage(problem))
  const { next, email } = (request.body ?? {}) as { next?: unknown; email?: unknown }
  return reply.send(signInPage({ next: returnPathOf(textOf(next)), email: textOf(email) ?? '', refusal }))
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
