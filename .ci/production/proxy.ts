import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { type Running, start } from './processes.js'

export type RunningProxy = Running & {
  /** Waits until the proxy sends requests to that server. */
  sendsTo: (server: string) => Promise<void>
}

const TIMEOUT_MS = 30_000

/**
 * Starts HAProxy with `config/haproxy.cfg`, unchanged. A second file adds the socket that reports its state.
 */
export function startProxy(folder: string, env: NodeJS.ProcessEnv): RunningProxy {
  const socket = join(folder, 'haproxy.sock')
  const stats = join(folder, 'stats.cfg')
  writeFileSync(stats, `global\n  stats socket ${socket} mode 600 level user\n`)
  // -db: in the foreground, as in a container.
  const command = `haproxy -db -f config/haproxy.cfg -f ${stats}`
  const proxy = start(command, { cwd: '.', env, log: join(folder, 'proxy.log') })

  const sendsTo = async (server: string) => {
    const deadline = Date.now() + TIMEOUT_MS
    while (!(await statusOf(socket, server)).startsWith('UP')) {
      if (Date.now() > deadline) throw new Error(`the proxy does not send to ${server}:\n${proxy.output()}`)
      await delay(100)
    }
  }
  return { ...proxy, sendsTo }
}

/** In the CSV statistics, the 2nd column is the server and the 18th its status. */
async function statusOf(path: string, server: string): Promise<string> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    socket.end('show stat\n')
    const rows = (await text(socket)).split('\n').map((line) => line.split(','))
    return rows.find((columns) => columns[1] === server)?.[17] ?? ''
  } catch {
    return ''
  }
}
