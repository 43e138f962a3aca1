import { EmailTaken, PasswordTooCommon } from '../../lib/errors/errors.js'
import { explain as explainAny } from '../command-line/explain.js'

export const explain = (error: unknown): string =>
  explainAny('create-user', error, [EmailTaken, PasswordTooCommon])
