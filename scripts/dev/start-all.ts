import { type Child, startChild } from './child.js'
import type { Program } from './programs.js'

type Options = {
  programs: readonly Program[]
  env: NodeJS.ProcessEnv
  onListening: (address: string) => Promise<void>
  onReady: () => void
  /** Called for a program that ends without being stopped. */
  onEnd: (program: Program, exitCode: number) => void
}

type Running = {
  /** Never resolves. Rejects with the error that `onListening` threw. */
  failed: Promise<never>
  stop: () => Promise<void>
}

/** Starts the programs in order, each when the one before it is ready. */
export function startAll(options: Options): Running {
  const children: Child[] = []
  let isStopping = false

  const start = async () => {
    for (const program of options.programs) {
      if (isStopping) return
      const child = startChild(program, options.env)
      children.push(child)
      child.ended.then((code) => isStopping || options.onEnd(program, code))
      const address = await Promise.race([child.ready, child.ended.then(() => undefined)])
      if (address === undefined) return
      if (address !== '') await options.onListening(address)
    }
    options.onReady()
  }
  const started = start()
  const stop = async () => {
    isStopping = true
    await Promise.all(children.map((child) => child.stop()))
    await started.catch(() => undefined)
  }
  return { failed: started.then(() => new Promise<never>(() => {})), stop }
}
