export { changeDatabaseUrl } from './change.js'
export { nodePostgresConfig, openPostgres } from './drivers.js'
export { DatabaseUrlError } from './error.js'
export { parseDatabaseUrl, placesOf } from './parse.js'
