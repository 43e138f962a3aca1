/**
 * Every table, enum and view that drizzle manages. `npm run db:generate` writes this list and compares it
 * with the newest snapshot.
 */
export * from './invitations.js'
export * from './mail-counts.js'
export * from './mailed-tokens.js'
export * from './memberships.js'
export * from './organizations.js'
export * from './outbox.js'
export * from './projects.js'
export * from './registrations.js'
export * from './sessions.js'
export * from './sign-in-throttles.js'
export * from './users.js'
