/** Every table, enum and view that drizzle manages: `npm run db:generate` compares this with the newest snapshot. */
export * from './sessions.js'
export * from './users.js'
