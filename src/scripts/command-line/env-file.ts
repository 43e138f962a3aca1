/** The secrets of a deployment with compose.yaml, each of them new. Its output is the file `.env`. */
import { randomBytes } from 'node:crypto'
import { generateSigningKeyPem } from '../../lib/auth/signing-keys.js'

const password = () => randomBytes(24).toString('base64url')
const key = () => Buffer.from(generateSigningKeyPem()).toString('base64')

console.log(`# Secrets: nobody but the one who starts the containers may read this file, and no repository holds it.

# Where clients reach the proxy. Anything but this machine needs https.
PUBLIC_URL=http://localhost:8080

# Once PostgreSQL has started with them, change these there as well.
POSTGRES_PASSWORD=${password()}
OWNER_PASSWORD=${password()}
APP_PASSWORD=${password()}
REDIS_PASSWORD=${password()}

# What Prometheus shows to read the metrics.
METRICS_TOKEN=${password()}

# Keep a copy of both elsewhere: with the first, all who are signed in stay so; without the second, the audit log proves less.
JWT_PRIVATE_KEYS=${key()}
AUDIT_SIGNING_KEY=${key()}`)
