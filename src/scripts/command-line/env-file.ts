/** Prints an `.env` file with new secrets for a deployment with compose.yaml. */
import { randomBytes } from 'node:crypto'
import { generateSigningKeyPem } from '../../lib/auth/signing-keys.js'
import { toBase64 } from './env-lines.js'

const password = () => randomBytes(24).toString('base64url')
const key = () => toBase64(generateSigningKeyPem())

console.log(`# Secrets: only the user who starts the containers may read this file. Never commit it.

# Where clients reach the proxy. Any other host than this machine needs https.
PUBLIC_URL=http://localhost:8080

# To change a password after the first start, change it in PostgreSQL too.
POSTGRES_PASSWORD=${password()}
OWNER_PASSWORD=${password()}
APP_PASSWORD=${password()}
REDIS_PASSWORD=${password()}

# The token with which Prometheus reads the metrics.
METRICS_TOKEN=${password()}

# Keep a copy of both elsewhere. Without the first, everyone is signed out; without the second, the audit log proves less.
JWT_PRIVATE_KEYS=${key()}
AUDIT_SIGNING_KEY=${key()}`)
