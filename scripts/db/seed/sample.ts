import type { OrganizationRole, UserRole, UserStatus } from '../../../src/lib/auth/roles.js'

/** The password of every user of the sample who has one. */
export const PASSWORD = 'a password for samples'

export type SamplePerson = {
  email: string
  firstName: string
  lastName: string
  /** Default: user. */
  role?: UserRole
  /** Default: active. A pending user has no password yet, but a link to set one. */
  status?: UserStatus
}

/** The first one creates the others. example.com receives no mail. */
export const PEOPLE: readonly SamplePerson[] = [
  { email: 'grace@example.com', firstName: 'Grace', lastName: 'Hopper', role: 'super_admin' },
  { email: 'ada@example.com', firstName: 'Ada', lastName: 'Lovelace' },
  { email: 'charles@example.com', firstName: 'Charles', lastName: 'Babbage' },
  { email: 'mary@example.com', firstName: 'Mary', lastName: 'Somerville' },
  { email: 'alan@example.com', firstName: 'Alan', lastName: 'Turing' },
  { email: 'dorothy@example.com', firstName: 'Dorothy', lastName: 'Vaughan', status: 'disabled' },
]

/** Created last, so that only a complete run has created everyone. */
export const NEWCOMER: SamplePerson = {
  email: 'joan@example.com',
  firstName: 'Joan',
  lastName: 'Clarke',
  status: 'pending',
}

export const EVERYONE: readonly SamplePerson[] = [...PEOPLE, NEWCOMER]

export type SampleOrganization = {
  name: string
  /** Its first org_admin, who invites the others. */
  founder: string
  members: readonly { email: string; role: OrganizationRole }[]
  /** Addresses whose invitation is not accepted yet. */
  invited: readonly string[]
}

export const ORGANIZATIONS: readonly SampleOrganization[] = [
  {
    name: 'Analytical Engines',
    founder: 'ada@example.com',
    members: [
      { email: 'charles@example.com', role: 'member' },
      { email: 'mary@example.com', role: 'org_admin' },
    ],
    invited: ['katherine@example.com'],
  },
  {
    name: 'Orbit Press',
    founder: 'mary@example.com',
    members: [{ email: 'alan@example.com', role: 'member' }],
    invited: [],
  },
  { name: 'Turing and Daughters', founder: 'alan@example.com', members: [], invited: [] },
]
