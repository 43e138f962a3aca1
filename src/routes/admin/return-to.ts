export const SIGN_IN_PATH = '/admin/sign-in'
export const DASHBOARD_PATH = '/admin/queues'

/** A placeholder for the server's own origin, to recognize URLs of other origins. */
const HERE = 'http://here.invalid'

/** The path to open after a sign-in: `next` if it is a page of the dashboard, otherwise the dashboard. */
export function returnPathOf(next: string | undefined): string {
  const url = next !== undefined && URL.canParse(next, HERE) ? new URL(next, HERE) : undefined
  if (url?.origin !== HERE || !isOfDashboard(url.pathname)) return DASHBOARD_PATH
  return url.pathname + url.search
}

const isOfDashboard = (path: string): boolean =>
  path === DASHBOARD_PATH || path.startsWith(`${DASHBOARD_PATH}/`)

export const signInPathFor = (url: string): string => `${SIGN_IN_PATH}?next=${encodeURIComponent(url)}`
