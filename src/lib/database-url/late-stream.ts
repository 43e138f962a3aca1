import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/**
 * A stream for a socket that opens later. `pg` needs a stream at once, but choosing a host and
 * negotiating TLS take time. No setting of `pg` serves: it connects to one host, and does not support
 * `sslmode=prefer`.
 */
export class LateStream extends Duplex {
  readonly #open: () => Promise<Socket>
  #socket: Socket | undefined

  constructor(open: () => Promise<Socket>) {
    super({ allowHalfOpen: false })
    this.#open = open
  }

  /** `pg` calls this with its own host and port, which are ignored. */
  connect(): this {
    this.#open().then(
      (socket) => this.#adopt(socket),
      (error) => this.destroy(error),
    )
    return this
  }

  #adopt(socket: Socket): void {
    if (this.destroyed) {
      socket.destroy()
      return
    }
    this.#socket = socket
    socket.on('data', (chunk) => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
    this.emit('connect')
  }

  override _read(): void {
    this.#socket?.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket) this.#socket.write(chunk, encoding, done)
    else done(new Error('There is no connection yet'))
  }

  override _final(done: () => void): void {
    if (this.#socket) this.#socket.end(done)
    else done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.destroy()
    done(error)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(isOn?: boolean, initialDelayMs?: number): this {
    this.#socket?.setKeepAlive(isOn, initialDelayMs)
    return this
  }

  ref(): this {
    this.#socket?.ref()
    return this
  }

  unref(): this {
    this.#socket?.unref()
    return this
  }
}
