import type { Config } from '../../../src/config/index.js'
import { createDatabaseClient, type Db, databaseOptions } from '../../../src/db/driver/client.js'
import type { User } from '../../../src/db/schema/users.js'
import { withActor } from '../../../src/lib/audit/context.js'
import { OperatorError } from '../../../src/lib/errors/operator-error.js'
import { parseOptions } from '../../../src/scripts/command-line/arguments.js'
import { requireMigrations } from '../../../src/scripts/command-line/require-migrations.js'
import { withDevelopmentDatabase } from '../development-database.js'
import { seedOrganizations } from './organizations.js'
import { findPeople, seedPerson } from './people.js'
import { seedProjects } from './projects.js'
import { EVERYONE, NEWCOMER, ORGANIZATIONS, PASSWORD, PEOPLE } from './sample.js'

const ACTOR = 'cli:db-seed'

/** Adds sample data through the queries of the application, so that the audit log has it all. */
export async function seedCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  await withDevelopmentDatabase('npm run db:seed', async (database, config) => {
    await requireMigrations(database)
    const client = createDatabaseClient(databaseOptions(config, database.directUrl, ACTOR))
    try {
      await withActor(ACTOR, () => seedOnce(client.db, config))
    } finally {
      await client.close()
    }
    console.log(signInHelp(config))
  })
}

/** @throws {OperatorError} when there is only a part of the sample, as after an interrupted run */
async function seedOnce(db: Db, config: Config): Promise<void> {
  const found = await findPeople(db)
  if (found.length === EVERYONE.length)
    return console.log('The sample data is there already, and nothing was changed.')
  if (found.length > 0)
    throw new OperatorError(
      `a part of the sample data is there (${found.map(({ email }) => email).join(', ')}), and nothing was changed: run npm run db:reset first`,
    )
  const people: User[] = []
  for (const person of PEOPLE) people.push(await seedPerson(db, config, person, people[0]?.id))
  const organizations = await seedOrganizations(db, config, people)
  for (const organization of organizations) await seedProjects(db, organization)
  await seedPerson(db, config, NEWCOMER, people[0]?.id)
  console.log(`Created ${EVERYONE.length} users and ${organizations.length} organizations.`)
}

function signInHelp({ PUBLIC_URL }: Config): string {
  const rows = EVERYONE.map(
    ({ email, role = 'user', status = 'active' }) =>
      `  ${email.padEnd(20)} ${[status === 'active' ? role : status, ...membershipsOf(email)].join(', ')}\n`,
  )
  return `
${rows.join('')}
Sign in with an active address and the password "${PASSWORD}":
POST /auth/login in ${PUBLIC_URL}/api-docs`
}

const membershipsOf = (email: string): string[] =>
  ORGANIZATIONS.flatMap(({ name, founder, members }) =>
    [{ email: founder, role: 'org_admin' }, ...members]
      .filter((member) => member.email === email)
      .map(({ role }) => `${role} of ${name}`),
  )
