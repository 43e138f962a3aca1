import { EmailTaken, PasswordTooCommon } from '../../lib/errors.js'
import { explain as explainAny } from '../explain.js'

export const explain = (error: unknown): string =>
  explainAny('create-user', error, [EmailTaken, PasswordTooCommon])
