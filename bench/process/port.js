import { connect, createServer } from 'node:net'

const HOST = '127.0.0.1'
const PATIENCE_MS = 60_000

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Resolves when `GET path` is answered with 200, asked every millisecond; rejects when the process ends first. */
export async function ready(port, path, child) {
  const giveUpAt = performance.now() + PATIENCE_MS
  const ended = child.exited.then((why) => {
    throw why
  })
  ended.catch(() => {})
  while (!(await Promise.race([isReady(port, path), ended]))) {
    if (performance.now() > giveUpAt) throw new Error(`port ${port} was not ready after ${PATIENCE_MS / 1_000} s`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function isReady(port, path) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    let head = ''
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\n\r\n`))
    socket.on('data', (chunk) => (head += chunk.toString('latin1')))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(head.startsWith('HTTP/1.1 200')))
  })
}
