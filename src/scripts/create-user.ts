/** The seeder: creates a user who can sign in at once, such as the first super_admin. */
import type { User } from '../db/schema/users.js'
import { User as PublicUser } from '../lib/schema/user-schemas.js'
import { parseArguments, USAGE } from './create-user/arguments.js'
import { create } from './create-user/create.js'
import { explain } from './create-user/explain.js'

/** The exit code that shells use for Ctrl-C. */
const EXIT_INTERRUPTED = 130

try {
  const args = parseArguments(process.argv.slice(2))
  if (args.help) console.log(USAGE)
  else report(await create(args), args)
} catch (error) {
  if (error instanceof Error && error.name === 'ExitPromptError') {
    process.exitCode = EXIT_INTERRUPTED
  } else {
    console.error(explain(error))
    process.exitCode = 1
  }
}

function report(user: User, { json }: { json: boolean }): void {
  const { id, email, role } = user
  console.log(json ? JSON.stringify(publicFieldsOf(user)) : `Created ${email} (${role}), id ${id}`)
}

/** The fields of a user in the API. */
function publicFieldsOf(user: User) {
  return Object.fromEntries(
    Object.keys(PublicUser.properties).map((name) => [name, user[name as keyof User]]),
  )
}
