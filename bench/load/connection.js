import { connect } from 'node:net'

const HOST = '127.0.0.1'
const READ_BYTES = 65_536
const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

/**
 * One keep-alive HTTP/1.1 connection that sends requests as ready bytes, one at a time, and reads of an answer no more
 * than its status and its length: the load generator must not be what is measured.
 */
export class Connection {
  #socket
  #answered = null
  #failed = null
  #chunks = []
  #length = 0
  #expected = -1 // bytes of head and body together; -1 while the head is not complete, -2 for a chunked body
  #status = 0
  #bodyAt = 0

  /** Resolves when connected. */
  static open(port) {
    return new Promise((resolve, reject) => {
      const connection = new Connection()
      connection.#socket = connect({
        port,
        host: HOST,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(READ_BYTES),
          callback: (length, buffer) => connection.#read(length, buffer),
        },
      })
      connection.#socket.once('connect', () => resolve(connection))
      connection.#socket.on('error', (cause) => (reject(cause), connection.#fail(cause)))
      connection.#socket.on('close', () => connection.#fail(new Error('the server closed the connection')))
    })
  }

  /** Sends one request; calls `answered(status, body)` when the answer is there in full. `body()` copies it. */
  send(request, answered, failed) {
    this.#answered = answered
    this.#failed = failed
    this.#socket.write(request)
  }

  close() {
    this.#failed = null
    this.#socket.destroy()
  }

  #fail(cause) {
    this.#failed?.(cause)
    this.#failed = null
  }

  #read(length, buffer) {
    const chunk = buffer.subarray(0, length)
    if (this.#length === 0) this.#readHead(chunk)
    if (this.#expected === length) {
      this.#answer(chunk)
      return true
    }
    // The buffer is used again for the next read.
    this.#chunks.push(Buffer.from(chunk))
    this.#length += length
    if (this.#expected === -1) {
      this.#chunks = [Buffer.concat(this.#chunks)]
      this.#readHead(this.#chunks[0])
    }
    const last = this.#chunks.at(-1)
    const complete =
      this.#expected === this.#length ||
      (this.#expected === -2 && last.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK.subarray(-last.length)))
    if (complete) this.#answer(Buffer.concat(this.#chunks))
    return true
  }

  #readHead(bytes) {
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) return
    const head = bytes.latin1Slice(0, end)
    this.#status = Number(head.slice(9, 12))
    this.#bodyAt = end + HEAD_END.length
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    this.#expected = length === undefined ? -2 : this.#bodyAt + Number(length)
  }

  #answer(bytes) {
    const answered = this.#answered
    const bodyAt = this.#bodyAt
    const chunked = this.#expected === -2
    const status = this.#status
    this.#chunks = []
    this.#length = 0
    this.#expected = -1
    answered(status, () => (chunked ? joined(bytes.subarray(bodyAt)) : bytes.toString('utf8', bodyAt)))
  }
}

/** The text of a chunked body. */
function joined(bytes) {
  const parts = []
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(parts).toString('utf8')
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
