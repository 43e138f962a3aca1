import { Socket } from 'node:net'
import { finished } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Overloaded } from '../../lib/errors/errors.js'
import { UnreadAnswers } from '../../lib/http/unread-answers.js'

type SlowReaderOptions = { stallSeconds: number; maxUnreadBytes: number }

/** What is smaller leaves for the kernel at once. */
const LARGE_BYTES = 16_384

/** Of all that may be unread, the part of one caller. */
const SHARE_OF_CALLER = 1 / 4

/** Undefined for a stream: it knows for itself how much of it waits. */
const sizeOf = (payload: unknown): number | undefined => {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return Buffer.byteLength(payload)
  return payload ? undefined : 0
}

/** While there is nothing to read, the reader cannot be late. */
function endStalled(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}

/**
 * What a client does not read stays in memory. So a connection is closed on which a reader has taken nothing for a while,
 * and large answers are refused while as many bytes as allowed wait to be read. Who reads slowly gets everything.
 */
async function slowReaders(app: FastifyInstance, { stallSeconds, maxUnreadBytes }: SlowReaderOptions) {
  const unread = new UnreadAnswers({
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
