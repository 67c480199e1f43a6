import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Whatever else may listen where a server is expected; all of them are closed with the file's tests. */
export class Strangers {
  private readonly servers: Server[] = []

  constructor() {
    afterAll(() => {
      for (const server of this.servers) {
        server.closeAllConnections()
        server.close()
      }
    })
  }

  /** Answers as it is told to, and drops WebSockets unless it is told otherwise; its URL. */
  async answering(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    upgrade: (socket: Socket) => void = (socket) => socket.destroy(),
  ): Promise<string> {
    const server = createServer(answer)
    server.on('upgrade', (_, socket) => upgrade(socket as Socket))
    this.servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** A proxy that carries HTTP to a server and drops WebSockets, as some networks do. */
  proxyWithoutSockets(url: string): Promise<string> {
    return this.answering((request, response) => {
      const { hostname, port } = new URL(url)
      const { method, url: path, headers } = request
      const passed = forward({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      passed.on('error', () => response.destroy())
      response.on('close', () => passed.destroy())
      request.pipe(passed)
    })
  }

  /** The page of a network that wants to be greeted first, whatever is asked for. */
  portal(): Promise<string> {
    return this.answering(
      (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to our network</html>'),
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi'),
    )
  }
}
