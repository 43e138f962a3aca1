export { ConfigError } from './config-error.js'
export { type LoadConfigOptions, loadConfig } from './load.js'
export type { Config } from './settings.js'
