import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

const sha1 = (password: string): string => createHash('sha1').update(password).digest('hex').toUpperCase()

type Fault = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Starts a server with the range API of Have I Been Pwned that knows these passwords. `asked` lists
 * its requests.
 */
export async function startBreachServer(t: Test, passwords: string[]) {
  const asked: string[] = []
  const state: { fault: Fault | undefined } = { fault: undefined }
  const server = createServer((request, response) => {
    const prefix = request.url?.split('/').at(-1) ?? ''
    asked.push(`${request.url} ${request.headers['add-padding']}`)
    if (state.fault) return state.fault(request, response)
    const found = passwords.map(sha1).filter((hash) => hash.startsWith(prefix))
    const lines = ['0018A45C4D1DEF81644B54AB7F969B88D65:3', ...found.map((hash) => `${hash.slice(5)}:42`)]
    // Padding consists of lines with a count of 0.
    response.end([...lines, `${sha1('padding').slice(5)}:0`].join('\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/range`, asked, state, sha1 }
}
