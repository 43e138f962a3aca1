/** The chapters of the API documentation. */
export const TAGS = {
  Authentication: 'Signing in and out.',
  'My account': 'What users see and change about themselves.',
  Users: 'User accounts, for super_admins.',
  'Audit log': 'Who changed what, when and how.',
  System: 'Health, readiness and keys.',
} as const

export type Tag = keyof typeof TAGS
