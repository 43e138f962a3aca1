/** Every table, enum and view that drizzle manages: `npm run db:generate` compares this with the newest snapshot. */
export * from './mailed-tokens.js'
export * from './outbox.js'
export * from './sessions.js'
export * from './sign-in-throttles.js'
export * from './users.js'
