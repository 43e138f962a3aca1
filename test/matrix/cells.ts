/** The callers of each operation. The organization is the one in the path, or the only one. */
export const CALLERS = [
  'anonymous',
  'user',
  'member',
  'org_admin',
  'org_admin elsewhere',
  'super_admin',
] as const

export type CallerName = (typeof CALLERS)[number]

/**
 * The expected status of every operation for each of CALLERS, which the header line abbreviates.
 * Operations are named as in the OpenAPI document. The requests are valid (`requests.ts`), so the
 * status depends on the caller alone. Operations whose statuses follow from a rule (`expected.ts`) have
 * no line: those with an `x-permission`, those below `/me`, and public reads. A special case has a
 * separate line, with the case in parentheses.
 */
// biome-ignore format: a table with one column for each caller
export const CELLS: Record<string, readonly number[]> = {
  //                                                                                            anon user memb orga else supe
  'POST /api/v1/auth/login':                                                                    [200, 200, 200, 200, 200, 200],
  'POST /api/v1/auth/refresh':                                                                  [200, 200, 200, 200, 200, 200],
  'POST /api/v1/auth/logout':                                                                   [401, 204, 204, 204, 204, 204],
  'POST /api/v1/auth/register':                                                                 [202, 202, 202, 202, 202, 202],
  'POST /api/v1/auth/verify-email':                                                             [204, 204, 204, 204, 204, 204],
  'POST /api/v1/auth/resend-verification':                                                      [202, 202, 202, 202, 202, 202],
  'POST /api/v1/auth/forgot-password':                                                          [202, 202, 202, 202, 202, 202],
  'POST /api/v1/auth/reset-password':                                                           [204, 204, 204, 204, 204, 204],

  'GET /api/v1/users':                                                                          [401, 403, 403, 403, 403, 200],
  'POST /api/v1/users':                                                                         [401, 403, 403, 403, 403, 201],
  'GET /api/v1/users/{id}':                                                                     [401, 403, 403, 403, 403, 200],
  'PATCH /api/v1/users/{id}':                                                                   [401, 403, 403, 403, 403, 200],
  'DELETE /api/v1/users/{id}':                                                                  [401, 403, 403, 403, 403, 204],

  'GET /api/v1/organizations':                                                                  [401, 200, 200, 200, 200, 200],
  'POST /api/v1/organizations':                                                                 [401, 201, 201, 201, 201, 201],
  // The permission of the route allows leaving; removing another member needs a second one.
  'DELETE /api/v1/organizations/{organizationId}/members/{userId}':                             [401, 404, 403, 204, 404, 204],
  'DELETE /api/v1/organizations/{organizationId}/members/{userId} (oneself)':                   [401, 404, 204, 204, 404, 404],
  'DELETE /api/v1/organizations/{organizationId}/members/{userId}/sessions (of a super_admin)': [401, 404, 403, 403, 404, 204],

  'POST /api/v1/invitations/accept':                                                            [200, 403, 403, 403, 403, 403],
  'POST /api/v1/invitations/accept (of the caller)':                                            [200, 200, 200, 200, 200, 200],

  'GET /api/v1/audit-logs':                                                                     [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-logs (of the organization)':                                               [401, 403, 403, 200, 403, 200],
  'GET /api/v1/audit-logs/export':                                                              [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-logs/export (of the organization)':                                        [401, 403, 403, 200, 403, 200],
  'GET /api/v1/audit-logs/state':                                                               [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-logs/state (of the organization)':                                         [401, 403, 403, 200, 403, 200],
  'GET /api/v1/audit-logs/{id}':                                                                [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-logs/{id} (of the organization)':                                          [401, 403, 403, 200, 403, 200],

  'GET /api/v1/audit-requests':                                                                 [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-requests (of the organization)':                                           [401, 403, 403, 200, 403, 200],
  'GET /api/v1/audit-requests/{id}':                                                            [401, 403, 403, 403, 403, 200],
  'GET /api/v1/audit-requests/{id} (of the organization)':                                      [401, 403, 403, 200, 403, 200],
}
