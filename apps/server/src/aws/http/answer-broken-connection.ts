import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { syncErrorAnswer, type Refused } from './error-answer.js'

/** Node hangs the answer under way on its socket; there is no public way to ask. */
type AnsweringSocket = Socket & { readonly _httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null }

/**
 * Answers what is not, or not in time, an HTTP request: an AWS error written straight to the socket, which is then
 * closed (H8). Where an answer to an earlier request is under way, closing is all that can be done: whatever we
 * wrote would be taken for that answer.
 */
export function answerBrokenConnection(
  fault: Readonly<{ code?: string }>,
  socket: AnsweringSocket,
  { clock, random }: Readonly<{ clock: Clock; random: Random }>,
): void {
  const underway = socket._httpMessage ?? null
  const mayWrite = underway === null || (!underway.headersSent && !underway.req.complete)
  if (!socket.writable || fault.code === 'ECONNRESET' || !mayWrite) {
    socket.destroy()
    return
  }
  const { status, headers, body } = syncErrorAnswer(refusedFor(fault), random.uuid())
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}date: ${new Date(clock.now()).toUTCString()}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    // What the other side still has to send would only keep the socket open.
    () => socket.destroy(),
  )
}

function refusedFor({ code = '' }: Readonly<{ code?: string }>): Refused {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'RequestTimeout', message: 'the request did not arrive in time' }
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'RequestTooLarge', message: 'the request line and headers are too long' }
    default:
      return { code: 'Serialization', message: 'the request is not valid HTTP/1.1' }
  }
}
