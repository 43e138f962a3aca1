import { type Child, startChild } from './child.js'
import type { Program } from './programs.js'

type Options = {
  programs: readonly Program[]
  env: NodeJS.ProcessEnv
  /** Called with the URL of the program that listens, when all are ready. */
  onReady: (address: string) => Promise<void>
  /** Called for a program that ends without being stopped. */
  onEnd: (program: Program, exitCode: number) => void
}

type Running = {
  /** Never resolves. Rejects with the error that `onReady` threw. */
  failed: Promise<never>
  stop: () => Promise<void>
}

/** Starts the programs in order, each when the one before it is ready. */
export function startAll(options: Options): Running {
  const children: Child[] = []
  let isStopping = false

  const start = async () => {
    let address = ''
    for (const program of options.programs) {
      if (isStopping) return
      const child = startChild(program, options.env)
      children.push(child)
      child.ended.then((code) => isStopping || options.onEnd(program, code))
      const ready = await Promise.race([child.ready, child.ended.then(() => undefined)])
      if (ready === undefined) return
      address ||= ready
    }
    await options.onReady(address)
  }
  const started = start()
  const stop = async () => {
    isStopping = true
    await Promise.all(children.map((child) => child.stop()))
    await started.catch(() => undefined)
  }
  return { failed: started.then(() => new Promise<never>(() => {})), stop }
}
