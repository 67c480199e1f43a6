import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.wasm', 'application/wasm'],
])

/** An app's own web server on loopback: serves given files, by path, as long-lived as browsers may keep them. */
export class PageServer {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** `/` is `/index.html`. */
  static async start(files: ReadonlyMap<string, string | Buffer>): Promise<PageServer> {
    const server = createServer((request, answer) => {
      const { pathname } = new URL(request.url ?? '/', 'http://page')
      const path = pathname === '/' ? '/index.html' : pathname
      const body = files.get(path)
      if (body === undefined) return void answer.writeHead(404).end()
      const contentType = CONTENT_TYPES.get(extname(path)) ?? 'application/octet-stream'
      answer.writeHead(200, { 'content-type': contentType, 'cache-control': 'max-age=3600' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new PageServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.server.closeAllConnections()
    await closed
  }
}
