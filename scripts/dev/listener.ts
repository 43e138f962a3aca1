// No library serves: Node's cluster closes the port when the last process ends, and cannot hold connections.
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'

type Receive = (socket: Socket) => void

/** Keeps the port of the API open, and holds its connections while the API restarts. */
export class Listener {
  private place: string | undefined
  private servers: Server[] = []
  private waiting: Socket[] = []
  private receive: Receive | undefined
  private limit: NodeJS.Timeout | undefined
  private readonly longestWaitMs: number

  /** By default, a connection waits for an API that hangs during its start for 30 seconds. */
  constructor({ longestWaitMs = 30_000 } = {}) {
    this.longestWaitMs = longestWaitMs
  }

  /**
   * Listens at the place, instead of where it listened before.
   *
   * @throws {Error} of `listen`, such as EADDRINUSE
   */
  async listen(host: string, port: number): Promise<AddressInfo> {
    const place = `${host} ${port}`
    if (place !== this.place) {
      const opened = await this.open(host, port)
      this.closeServers()
      this.servers = opened
      this.place = `${host} ${addressOf(opened).port}`
    }
    return addressOf(this.servers)
  }

  /** Holds new connections until `deliverTo` or `refuse` is called. */
  hold(): void {
    this.receive = undefined
    clearTimeout(this.limit)
    const refuse = () =>
      this.refuse('The API is still starting. The terminal of npm run dev shows how far it is.')
    this.limit = setTimeout(refuse, this.longestWaitMs).unref()
  }

  /** Passes all connections on, first those that waited. */
  deliverTo(receive: Receive): void {
    clearTimeout(this.limit)
    this.receive = receive
    for (const socket of this.waiting.splice(0)) receive(socket)
  }

  /** Answers all requests with 503 and the reason. */
  refuse(reason: string): void {
    const server = http.createServer((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      response.end(`${reason}\n`)
    })
    this.deliverTo((socket) => {
      server.emit('connection', socket)
      socket.resume()
    })
  }

  close(): void {
    clearTimeout(this.limit)
    this.closeServers()
    for (const socket of this.waiting) socket.destroy()
  }

  private closeServers(): void {
    for (const server of this.servers) server.close()
  }

  /** Like Fastify, listens at both addresses of localhost if there are two. */
  private async open(host: string, port: number): Promise<Server[]> {
    const first = await this.openOne(host, port)
    if (host !== 'localhost') return [first]
    const { address, port: openPort } = addressOf([first])
    const others = (await lookup(host, { all: true })).filter((other) => other.address !== address)
    const opened = others.map((other) => this.openOne(other.address, openPort).catch(() => undefined))
    return [first, ...(await Promise.all(opened)).filter((server) => server !== undefined)]
  }

  private async openOne(host: string, port: number): Promise<Server> {
    // Paused, so that nothing of a request is read here.
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      if (this.receive) this.receive(socket)
      else this.waiting.push(socket)
    })
    await once(server.listen({ host, port }), 'listening')
    return server
  }
}

function addressOf([server]: readonly Server[]): AddressInfo {
  return server?.address() as AddressInfo
}
