/** The chapters of the API documentation. */
export const TAGS = {
  Authentication: 'Signing in and out, and what comes before: registration, confirmation, a lost password.',
  'My account': 'What users see and change about themselves.',
  Users: 'All accounts, for a super_admin.',
  Organizations: 'Tenants: who works together, and apart from all others.',
  Projects: 'An example of what an organization keeps.',
  'Audit log': 'Who changed what, when and how, for a super_admin and, of his organization, an org_admin.',
  System: 'Health, readiness and keys.',
} as const

export type Tag = keyof typeof TAGS
