import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { PACKAGE_ROOT } from './process.js'

const PARTS = [
  'src',
  'scripts',
  'drizzle',
  'docs',
  'config/config.sample.yml',
  'package.json',
  'tsconfig.json',
]

/**
 * Copies this repository to a path with spaces, for commands that write into their checkout or read
 * its `config/config.yml`. The copy is removed when the test ends.
 */
export function copyCheckout(t: Test): string {
  const base = mkdtempSync(join(tmpdir(), 'checkout-'))
  t.teardown(() => rmSync(base, { recursive: true, force: true }))
  const checkout = join(base, 'a copy of the checkout')
  mkdirSync(checkout)
  for (const part of PARTS) cpSync(join(PACKAGE_ROOT, part), join(checkout, part), { recursive: true })
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(checkout, 'node_modules'))
  return checkout
}
