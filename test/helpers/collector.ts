import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { eventually } from './eventually.js'

export type ReceivedSpan = {
  service: string
  traceId: string
  spanId: string
  /** Empty for a root span. */
  parentId: string
  name: string
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes: Record<string, string | number>
  failed: boolean
}

export type Collector = {
  url: string
  spans: () => ReceivedSpan[]
  /** The spans of a trace, once it has spans with all these names. */
  trace: (traceId: string, names: readonly string[]) => Promise<ReceivedSpan[]>
  /** The raw bytes of everything received. */
  raw: () => string
}

/** Starts an OpenTelemetry collector (OTLP over HTTP, protobuf). A silent one never answers. */
export async function startCollector(t: Test, { isSilent = false } = {}): Promise<Collector> {
  const bodies: Buffer[] = []
  const server = createServer(async (request, response) => {
    bodies.push(await buffer(request))
    const isRight =
      request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf'
    if (!isSilent) response.writeHead(isRight ? 200 : 400).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const spans = () => bodies.flatMap(spansOf)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    trace: (traceId, names) =>
      eventually(() => {
        const found = spans().filter((span) => span.traceId === traceId)
        const isComplete = names.every((name) => found.some((span) => span.name === name))
        return isComplete ? found : undefined
      }),
    raw: () => Buffer.concat(bodies).toString('latin1'),
  }
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const

/** The field numbers are those of opentelemetry/proto/trace/v1/trace.proto. */
function spansOf(body: Buffer): ReceivedSpan[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1).map((message) => attributesOf(message, 1))[0]
    const service = String(resource?.['service.name'])
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => {
        const [traceId = '', spanId = '', parentId = ''] = [1, 2, 4].map((field) =>
          bytes(span, field).toString('hex'),
        )
        const kind = KINDS[number(span, 6)] ?? 'internal'
        const failed = messages(span, 15).some((status) => number(status, 3) === 2)
        const attributes = attributesOf(span, 9)
        return {
          service,
          traceId,
          spanId,
          parentId,
          name: bytes(span, 5).toString(),
          kind,
          attributes,
          failed,
        }
      })
  })
}

/** The values of our attributes are strings or integers. */
function attributesOf(message: Buffer, field: number): Record<string, string | number> {
  const entries = messages(message, field).map((pair) => {
    const value = bytes(pair, 2)
    const [text] = messages(value, 1)
    return [bytes(pair, 1).toString(), text ? text.toString() : number(value, 3)] as const
  })
  return Object.fromEntries(entries)
}

const messages = (message: Buffer, field: number): Buffer[] =>
  fieldsOf(message).flatMap(({ number, value }) =>
    number === field && Buffer.isBuffer(value) ? [value] : [],
  )

const bytes = (message: Buffer, field: number): Buffer => messages(message, field)[0] ?? Buffer.alloc(0)

const number = (message: Buffer, field: number): number =>
  Number(
    fieldsOf(message).find(({ number, value }) => number === field && !Buffer.isBuffer(value))?.value ?? 0,
  )

/** https://protobuf.dev/programming-guides/encoding/ */
function fieldsOf(message: Buffer): { number: number; value: Buffer | bigint }[] {
  const fields = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const take = (length: number): Buffer => {
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const wireType = tag & 7
    const value = wireType === 0 ? varint() : take(wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint()))
    fields.push({ number: tag >> 3, value })
  }
  return fields
}
