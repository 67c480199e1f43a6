import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Serves a request that offers to go on in another protocol as if it had not. Java's own client offers HTTP/2 with every
 * first request, and a server may pass that over; but Node, once anybody listens for upgrades, leaves every such
 * request to the listener.
 */
export function serveAsItIs(server: Server, request: IncomingMessage, socket: Socket, rest: Buffer): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!OF_THE_OFFER.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`)
  }
  if (/\bclose\b/i.test(request.headers.connection ?? '')) lines.push('Connection: close')
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]))
  server.emit('connection', socket)
}

const OF_THE_OFFER: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings'])
