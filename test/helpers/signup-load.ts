import { randomUUID } from 'node:crypto'

const CLIENTS = 4

export const registerAt = (url: string, email: string): Promise<Response> =>
  fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email,
      password: 'a long and quiet sentence',
      firstName: 'Ada',
      lastName: 'Lovelace',
    }),
  })

/** Answers with the status of a registration that nobody made before. */
export async function signUpAt(url: string, email: string): Promise<number> {
  const response = await registerAt(url, email)
  await response.text()
  return response.status
}

/** Registers new people, several at once, until the server dies, and tells of each one whom it accepted. */
export async function signUpUntilItDies(url: string, onAccepted: (email: string) => void): Promise<void> {
  const client = async (): Promise<never> => {
    for (;;) {
      const email = `${randomUUID()}@example.com`
      const status = await signUpAt(url, email)
      if (status !== 202) throw new Error(`A registration was answered with ${status}`)
      onAccepted(email)
    }
  }
  const clients = Array.from({ length: CLIENTS }, () => client().catch((error: unknown) => error))
  for (const error of await Promise.all(clients)) {
    // What fetch throws when the connection breaks: no answer of a server that lives.
    if (!(error instanceof TypeError)) throw error
  }
}
