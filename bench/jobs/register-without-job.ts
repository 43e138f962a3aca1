import type { Db } from '../../src/db/driver/client.js'
import { addRegistration, type NewRegistration } from '../../src/db/queries/accounts/registration.js'

/** The statements of `register`, except the outbox row. */
export const registerWithoutJob = (db: Db, registration: NewRegistration): Promise<unknown> =>
  db.transaction((tx) => addRegistration(tx, registration))
