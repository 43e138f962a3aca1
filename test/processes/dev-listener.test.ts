import { lookup } from 'node:dns/promises'
import type { Socket } from 'node:net'
import { Listener } from '../../scripts/dev/listener.js'
import { occupyPort } from '../helpers/ports.js'
import t, { type Test } from '../tap.js'

async function openListener(t: Test, options?: { longestWaitMs: number }) {
  const listener = new Listener(options)
  t.teardown(() => listener.close())
  const { port } = await listener.listen('127.0.0.1', 0)
  const get = async (at = `127.0.0.1:${port}`) => {
    const response = await fetch(`http://${at}`)
    return [response.status, await response.text()]
  }
  return { listener, port, get }
}

const receiveAs = (name: string) => (socket: Socket) =>
  socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\nconnection: close\r\n\r\n${name}`)

t.test('connections that are held go to the next receiver', async (t) => {
  const { listener, get } = await openListener(t)
  listener.deliverTo(receiveAs('old'))
  t.strictSame(await get(), [200, 'old'])
  listener.hold()
  const held = [get(), get()]
  listener.deliverTo(receiveAs('new'))
  t.strictSame(await Promise.all(held), [
    [200, 'new'],
    [200, 'new'],
  ])
})

t.test('refuses with the reason until there is a receiver again', async (t) => {
  const { listener, get } = await openListener(t)
  const held = get()
  listener.refuse('a mistake')
  t.strictSame(await Promise.all([held, get()]), [
    [503, 'a mistake\n'],
    [503, 'a mistake\n'],
  ])
  listener.hold()
  listener.deliverTo(receiveAs('fixed'))
  t.strictSame(await get(), [200, 'fixed'])
})

t.test('nothing waits for ever', async (t) => {
  const { listener, get } = await openListener(t, { longestWaitMs: 1 })
  listener.hold()
  t.match(await get(), [503, /^The API is still starting/])
})

t.test('moves to another place, and stays where it is when that is not possible', async (t) => {
  const { listener, port, get } = await openListener(t)
  listener.deliverTo(receiveAs('here'))
  t.match(await listener.listen('127.0.0.1', port), { port }, 'the same place')
  await t.rejects(listener.listen('127.0.0.1', Number(await occupyPort(t))), { code: 'EADDRINUSE' })
  t.strictSame(await get(), [200, 'here'])

  const { port: other } = await listener.listen('localhost', 0)
  for (const { address, family } of await lookup('localhost', { all: true }))
    t.strictSame(await get(`${family === 6 ? `[${address}]` : address}:${other}`), [200, 'here'])
  await t.rejects(get(), 'it has left the first place')
})
