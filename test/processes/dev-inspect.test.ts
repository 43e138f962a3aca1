import { findPort } from '../../scripts/dev/port.js'
import { DEV_COMMAND, groupOf, newPlace, startDev } from '../helpers/dev.js'
import { findFreePort, occupyPort } from '../helpers/ports.js'
import { run, startProcess } from '../helpers/process.js'
import t from '../tap.js'

/** Returns a port that is free, as is the next one. */
async function findFreePair(): Promise<number> {
  for (;;) {
    const port = await findFreePort()
    if (await findPort('127.0.0.1', port + 1).catch(() => undefined)) return port
  }
}

async function inspectedAt(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [target] = (await response.json()) as { url: string }[]
  return target?.url ?? ''
}

t.test('--inspect reaches API and worker, and a paused process does not prevent the end', async (t) => {
  const port = await findFreePair()
  const dev = await startDev(t, { ...newPlace(t), args: [`--inspect=${port}`] })
  t.match(await inspectedAt(port), /src\/server\.ts$/)
  t.match(await inspectedAt(port + 1), /src\/worker\.ts$/)

  const debug = startProcess(t, ['node', 'inspect', `127.0.0.1:${port}`], { stdin: 'pipe' })
  await debug.says(/debug> /)
  debug.child.stdin?.write('pause\n')
  await debug.says(/break in /)
  process.kill(-dev.pid, 'SIGINT')
  t.equal((await dev.ended).code, 0)
  t.strictSame(groupOf(dev.pid), [])
})

t.test('--inspect refuses a port in use, and arguments that do not exist', async (t) => {
  const { env } = newPlace(t)
  const refuses = async (args: readonly string[], line: RegExp) =>
    t.match(await run(t, [...DEV_COMMAND, ...args], { env }), { code: 1, stdout: '', stderr: line })
  const port = await occupyPort(t)
  await refuses([`--inspect=${port}`], new RegExp(`^Port ${port} of 127.0.0.1 is in use: .* --inspect `))
  for (const args of [
    ['--inspect=65535'],
    ['--inspect=0'],
    ['--inspect=x'],
    ['--inspekt'],
    ['a', '--inspect'],
  ])
    await refuses(args, /^npm run dev takes no arguments but --inspect and --inspect=PORT\.\n$/)
})
