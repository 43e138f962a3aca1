import { type Child, startChild } from './child.js'
import type { Listener } from './listener.js'
import type { Program } from './programs.js'

type Options = {
  env: NodeJS.ProcessEnv
  listener: Listener
  /** Called when it ends without being stopped. */
  onEnd: (program: Program, exitCode: number) => void
}

/** Runs one program. Its processes may overlap: a new one starts while the old one finishes its requests. */
export class Runner {
  /** Resolves with the URL of a server, or '', when the latest process is ready. Pending if it ends before. */
  ready: Promise<string> = new Promise(() => {})
  private readonly children = new Set<Child>()
  private current: Child | undefined
  private spare: Child | undefined
  /** Counts the starts. */
  private latest = 0

  constructor(
    readonly program: Program,
    private readonly options: Options,
  ) {}

  get isRunning(): boolean {
    return this.current !== undefined
  }

  /** Starts the program when `before` is resolved, in place of its current process. */
  restart(before: Promise<unknown>): void {
    if (this.program.isServer) this.options.listener.hold()
    this.current?.stop()
    this.current = undefined
    // The port of an inspector is free only after the end.
    const ends = this.program.inspectAt === undefined ? [] : [...this.children].map(({ ended }) => ended)
    this.ready = this.start(++this.latest, Promise.all([before, ...ends]))
  }

  /** Ends the spare process, which has loaded something that has changed. */
  discardSpare(): void {
    this.spare?.stop()
    this.spare = undefined
  }

  async stop(): Promise<void> {
    this.latest++
    this.current = undefined
    await Promise.all([...this.children].map((child) => child.stop()))
  }

  private async start(number: number, before: Promise<unknown>): Promise<string> {
    await before
    if (number !== this.latest) return new Promise(() => {})
    const child = this.spare ?? this.spawn()
    this.spare = undefined
    this.current = child
    child.begin()
    child.ended.then((code) => this.current === child && this.fail(code))
    const address = await child.ready
    if (this.current === child) this.serveWith(child)
    return address
  }

  private spawn(): Child {
    const { env, listener } = this.options
    const child = startChild(this.program, { env, listen: (host, port) => listener.listen(host, port) })
    this.children.add(child)
    child.ended.then(() => {
      this.children.delete(child)
      if (this.spare === child) this.spare = undefined
    })
    return child
  }

  private serveWith(child: Child): void {
    if (this.program.isServer) this.options.listener.deliverTo(child.serve)
    if (this.program.hasSpare) this.spare = this.spawn()
  }

  private fail(exitCode: number): void {
    const { name, isServer } = this.program
    this.current = undefined
    const reason = `The ${name} ended with exit code ${exitCode}: see the terminal of npm run dev.`
    if (isServer) this.options.listener.refuse(reason)
    this.options.onEnd(this.program, exitCode)
  }
}
