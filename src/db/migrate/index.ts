export { type DowngradeOptions, downgrade } from './downgrade.js'
export { MigrationError } from './error.js'
export { type MigrationState, migrationStatus, pendingMigrations } from './status.js'
export { type UpgradeOptions, upgrade } from './upgrade.js'
