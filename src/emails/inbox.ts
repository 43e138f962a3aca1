import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../lib/errors/system-error-code.js'
import type { Mail } from './layout.js'

export type ReceivedMail = Mail & { id: string; createdAt: string; from: string; to: string }

export type Inbox = {
  /** Replaces an earlier mail with the same `id`. The oldest mails beyond 200 are deleted. */
  add: (mail: Omit<ReceivedMail, 'createdAt'>) => Promise<void>
  /** Newest first. */
  list: () => Promise<ReceivedMail[]>
  find: (id: string) => Promise<ReceivedMail | undefined>
  clear: () => Promise<void>
}

const MAX_KEPT = 200
const SUFFIX = '.json'

/**
 * Keeps mails as files when there is no mail server: the worker writes them, the API process shows them.
 * They contain working links. The files are therefore readable only for the process's own user, and are not
 * in the database, which must never hold a usable token.
 */
export function openInbox(directory: string): Inbox {
  const remove = (names: string[]) =>
    Promise.all(names.map((name) => rm(join(directory, name), { force: true })))
  const named = async (id: string) => (await namesIn(directory)).filter((name) => idOf(name) === id)

  const add: Inbox['add'] = async (mail) => {
    const older = await named(mail.id)
    const createdAt = new Date()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // Written under another name and renamed, so that a reader never sees half a file.
    const draft = join(directory, `.${randomUUID()}`)
    await writeFile(draft, JSON.stringify({ ...mail, createdAt }), { mode: 0o600 })
    await rename(draft, join(directory, `${createdAt.getTime()}-${mail.id}${SUFFIX}`))
    // A job that ran twice sends the same mail twice. Like a real mailbox, the inbox keeps one of them.
    await remove([...older, ...(await namesIn(directory)).slice(MAX_KEPT)])
  }

  return {
    add,
    list: async () =>
      (await Promise.all((await namesIn(directory)).map(read))).filter((mail) => mail !== undefined),
    find: async (id) => {
      const [name] = await named(id)
      return name === undefined ? undefined : read(name)
    },
    clear: async () => {
      await remove(await namesIn(directory))
    },
  }

  async function read(name: string): Promise<ReceivedMail | undefined> {
    const text = await unlessAbsent(readFile(join(directory, name), 'utf8'))
    return text === undefined ? undefined : JSON.parse(text)
  }
}

/** Newest first: each name begins with the time of the mail. */
async function namesIn(directory: string): Promise<string[]> {
  const names = (await unlessAbsent(readdir(directory))) ?? []
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .reverse()
}

const idOf = (name: string): string => name.slice(name.indexOf('-') + 1, -SUFFIX.length)

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
