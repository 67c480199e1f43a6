import { connect, type Socket } from 'node:net'

export type RawAnswer = Readonly<{ status: number; headers: ReadonlyMap<string, string>; body: string; text: string }>

/** Sends bytes over a socket of their own and resolves with all that came back when the other side closed it. */
export function exchange(port: number, send: string | Buffer | ((socket: Socket) => void)): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      if (typeof send === 'function') send(socket)
      else socket.write(send)
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.on('error', (fault: NodeJS.ErrnoException) => {
      if (fault.code !== 'ECONNRESET' && fault.code !== 'EPIPE') reject(fault)
    })
  })
}

/** Reads the first answer out of what came back. */
export function readAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((header) => [
      header.slice(0, header.indexOf(':')).toLowerCase(),
      header.slice(header.indexOf(':') + 1).trim(),
    ]),
  )
  const body = text.slice(end + 4, end + 4 + Number(headers.get('content-length') ?? text.length))
  return { status: Number(line.split(' ')[1]), headers, body, text }
}
