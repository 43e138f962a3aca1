import { Socket } from 'node:net'
import { finished } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Overloaded } from '../../lib/errors/errors.js'
import { UnreadResponses } from '../../lib/http/unread-responses.js'

type SlowReaderOptions = {
  /** Closes a connection whose client has read nothing for so long. */
  stallSeconds: number
  /** Refuses further large responses while so many bytes, of all callers together, wait to be read. */
  maxUnreadBytes: number
}

/** Smaller responses fit into the kernel's send buffer. */
const LARGE_BYTES = 16_384

/** The part of `maxUnreadBytes` that one caller may use. */
const SHARE_OF_CALLER = 1 / 4

/** Undefined for a stream, which limits its own buffer. */
const sizeOf = (payload: unknown): number | undefined => {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return Buffer.byteLength(payload)
  return payload ? undefined : 0
}

/** A client with nothing left to read is not slow. */
function endStalled(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}

/**
 * Responses stay in memory until the client has read them. Connections whose client has stopped reading are
 * therefore closed, and large responses are refused while too many bytes wait to be read. Clients that read
 * slowly, but steadily, get the whole response.
 */
async function slowReaders(app: FastifyInstance, { stallSeconds, maxUnreadBytes }: SlowReaderOptions) {
  const unread = new UnreadResponses({
    maxBytes: maxUnreadBytes,
    maxBytesPerCaller: maxUnreadBytes * SHARE_OF_CALLER,
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    const { socket } = reply.raw
    const bytes = sizeOf(payload)
    const isLarge = bytes === undefined || bytes >= LARGE_BYTES
    if (!isLarge && !socket?.writableLength) return done(null, payload)
    if (socket instanceof Socket) reply.raw.setTimeout(stallSeconds * 1000).on('timeout', endStalled)
    if (isLarge && bytes !== undefined) {
      const caller = request.user?.userId ?? request.ip
      if (!unread.hold(caller, bytes)) return done(new Overloaded())
      finished(reply.raw, () => unread.release(caller, bytes))
    }
    done(null, payload)
  })
}

export default fp(slowReaders, { name: 'slow-readers' })
