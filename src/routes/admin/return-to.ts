export const SIGN_IN_PATH = '/admin/sign-in'
export const DASHBOARD_PATH = '/admin/queues'

/** Stands for wherever the server is: what leads away from it has another origin. */
const HERE = 'http://here.invalid'

/** Where a sign-in leads: to where somebody wanted to go, if that is a page of the dashboard. */
export function returnPathOf(next: string | undefined): string {
  const url = next !== undefined && URL.canParse(next, HERE) ? new URL(next, HERE) : undefined
  if (url?.origin !== HERE || !isOfDashboard(url.pathname)) return DASHBOARD_PATH
  return url.pathname + url.search
}

const isOfDashboard = (path: string): boolean =>
  path === DASHBOARD_PATH || path.startsWith(`${DASHBOARD_PATH}/`)

export const signInPathFor = (url: string): string => `${SIGN_IN_PATH}?next=${encodeURIComponent(url)}`
