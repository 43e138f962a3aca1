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

/** Registers an address and returns the status. */
export async function signUpAt(url: string, email: string): Promise<number> {
  const response = await registerAt(url, email)
  await response.text()
  return response.status
}

/** Registers new addresses concurrently until the server dies, and reports each accepted one. */
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
    // fetch throws a TypeError when the connection breaks, which is expected.
    if (!(error instanceof TypeError)) throw error
  }
}
