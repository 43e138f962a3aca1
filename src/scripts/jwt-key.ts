import { generateSigningKeyPem } from '../lib/auth/signing-keys.js'

// In base64, because environments and shells lose line breaks. To rotate, put the new key first: `new,old`.
console.log(Buffer.from(generateSigningKeyPem()).toString('base64'))
