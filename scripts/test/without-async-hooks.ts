/**
 * Imported before tap, which follows every promise to find the test that an error without a handler belongs to. That
 * costs a seventh of the CPU time of a run. Without it such an error ends the process, and is reported with its file.
 */
import asyncHooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

// AsyncLocalStorage does not use it.
asyncHooks.createHook = () => {
  const inactive = { enable: () => inactive, disable: () => inactive }
  return inactive
}
syncBuiltinESMExports()
