import { generateSigningKeyPem } from '../lib/auth/signing-keys.js'
import { envLines, toBase64 } from './command-line/env-lines.js'

console.log(
  envLines('Signs access tokens. To rotate, put the new key before the old one: new,old', {
    JWT_PRIVATE_KEYS: toBase64(generateSigningKeyPem()),
  }),
)
