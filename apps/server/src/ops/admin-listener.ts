import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listenUrl } from '../config/loopback.js'
import type { OpsPage, OpsPages } from './ops-pages.js'

const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000

const NOT_FOUND: OpsPage = { status: 404, contentType: 'text/plain; charset=utf-8', body: 'not found\n' }
const NOT_ALLOWED: OpsPage = { status: 405, contentType: 'text/plain; charset=utf-8', body: 'only GET and HEAD\n' }
const FAILED: OpsPage = { status: 500, contentType: 'text/plain; charset=utf-8', body: 'failed\n' }

/** Serves health and metrics, and nothing else, on a port that need not be open to clients (SPEC O24). */
export class AdminListener {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Resolves once it listens; port 0 takes a free one. Rejects when the port is taken. */
  static async listen(at: Readonly<{ host: string; port: number }>, pages: OpsPages): Promise<AdminListener> {
    const server = createServer((request, response) => void answer(pages, request, response))
    server.headersTimeout = HEADERS_TIMEOUT_MS
    server.requestTimeout = REQUEST_TIMEOUT_MS
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(at.port, at.host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    const { port } = server.address() as AddressInfo
    return new AdminListener(server, listenUrl(at.host, port))
  }

  /** Resolves when no connection is left; idle ones are ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeIdleConnections()
    })
  }
}

async function answer(pages: OpsPages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, contentType, body } = await pageFor(pages, request).catch(() => FAILED)
  request.resume()
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function pageFor(pages: OpsPages, { method, url = '/' }: IncomingMessage): Promise<OpsPage> {
  if (method !== 'GET' && method !== 'HEAD') return NOT_ALLOWED
  switch (url.replace(/\?.*$/, '')) {
    case '/health/live':
      return pages.live()
    case '/health/ready':
      return await pages.ready()
    case '/metrics':
      return await pages.metrics()
    default:
      return NOT_FOUND
  }
}
