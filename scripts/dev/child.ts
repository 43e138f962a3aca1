import { type Serializable, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { errorCode } from '../../src/lib/errors/system-error-code.js'
import type { Program } from './programs.js'

/** What a program sends. */
type Message = { ready: string | true } | { listen: { host: string; port: number } }

export type Child = {
  /** Resolves with the URL where it listens, or '', when it is ready. Stays pending if it ends before. */
  ready: Promise<string>
  /** Resolves with its exit code. */
  ended: Promise<number>
  /** Lets a program with `hasSpare` start. Until then, its process only loads it. */
  begin: () => void
  /** Hands a connection over. */
  serve: (socket: Socket) => void
  stop: () => Promise<number>
}

type Options = {
  env: NodeJS.ProcessEnv
  /** Called when the program wants to listen. */
  listen: (host: string, port: number) => Promise<AddressInfo>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Longer than a program gives itself, unless its drain is long. */
const DEADLINE_MS = 30_000

/** A process that is paused, or whose debugger stays attached, does not end by itself. */
const INSPECTED_DEADLINE_MS = 2_000

/** Starts Node with tsx as its loader: the `tsx` command would be one more process to start and stop. */
export function startChild({ inspectAt, hasSpare, entry, args }: Program, { env, listen }: Options): Child {
  const inspect = inspectAt === undefined ? [] : [`--inspect=${inspectAt}`]
  const warm = hasSpare ? ['scripts/dev/warm.ts'] : []
  const child = spawn(process.execPath, ['--import', 'tsx', ...inspect, ...warm, entry, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  // It may end before it receives something.
  const send = (message: Serializable) => child.send(message, () => undefined)
  let isReady = false
  const ready = new Promise<string>((resolve) => {
    child.on('message', async (message: Message) => {
      if ('listen' in message) {
        send(await replyTo(message.listen, listen))
      } else {
        isReady = true
        resolve(message.ready === true ? '' : message.ready)
      }
    })
  })
  const ended = once(child, 'exit').then(([code]) => code ?? 1)
  const begin = () => {
    if (hasSpare) send('start')
  }
  const serve = (socket: Socket) => {
    child.send('connection', socket, (error) => error && socket.destroy())
  }
  const stop = () => {
    // Unlike a signal, the message arrives after the connections that were handed over before it.
    if (isReady && child.connected) send('shutdown')
    else child.kill()
    const deadlineMs = inspectAt === undefined ? DEADLINE_MS : INSPECTED_DEADLINE_MS
    setTimeout(() => child.kill('SIGKILL'), deadlineMs).unref()
    return ended
  }
  return { ready, ended, begin, serve, stop }
}

const replyTo = ({ host, port }: { host: string; port: number }, listen: Options['listen']) =>
  listen(host, port).then(
    (address) => ({ address }),
    (error) => ({ code: errorCode(error) }),
  )
