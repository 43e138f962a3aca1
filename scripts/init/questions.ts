import { checkbox, input } from '@inquirer/prompts'
import {
  type Choices,
  mistakeInDescription,
  mistakeInEmailDomain,
  mistakeInName,
  titleOf,
} from './choices.js'
import { features } from './features/index.js'

/** Standard output is for the plan. */
const context = { output: process.stderr }

type Given = { [Key in keyof Choices]?: Choices[Key] | undefined }

/**
 * Asks for the choices that are not given.
 * @throws {ExitPromptError} on Ctrl-C; recognized by its `name`
 */
export async function askForMissing(given: Given): Promise<Choices> {
  const name = given.name ?? (await ask('Name of the product', '', mistakeInName))
  const title = titleOf(name)
  const description =
    given.description ?? (await ask('Description', `The API of ${title}.`, mistakeInDescription))
  const emailDomain =
    given.emailDomain ??
    (await ask('Domain of its mails (empty: the host of PUBLIC_URL)', '', mistakeInOptionalDomain))
  return {
    name,
    description,
    ...(emailDomain !== '' && { emailDomain }),
    without: given.without ?? (await askForFeatures()),
  }
}

async function ask(
  message: string,
  initial: string,
  mistakeIn: (answer: string) => string | undefined,
): Promise<string> {
  const validate = (answer: string) => mistakeIn(answer.trim()) ?? true
  const answer = await input({ message, validate, ...(initial !== '' && { default: initial }) }, context)
  return answer.trim()
}

const mistakeInOptionalDomain = (domain: string): string | undefined =>
  domain === '' ? undefined : mistakeInEmailDomain(domain)

async function askForFeatures(): Promise<string[]> {
  const choices = Object.entries(features).map(([value, { title }]) => ({
    value,
    name: `${value}: ${title}`,
  }))
  return checkbox({ message: 'Leave out (none: press return)', choices }, context)
}
