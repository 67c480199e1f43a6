import type { IncomingMessage } from 'node:http'
import { Refusal } from '../../refusal.js'

/** Beyond this much of a body that is refused anyway, the connection is cut rather than read to its end. */
const DISCARDED_BYTES_MAX = 32 * 1_048_576

const EMPTY = Buffer.alloc(0)

type Done = (refusal: Error | null, body?: Buffer) => void

/**
 * Collects request bodies as the bytes they are: signatures are over these, and each face parses its own form
 * later. Bounded twice, per body and over all bodies still on their way, so that slow or large senders cannot
 * fill the memory (H7).
 */
export class BodyReader {
  private bytesUnderway = 0

  constructor(private readonly bytesUnderwayMax: number) {}

  /** Calls back once, with the body or with what is wrong with it. A refused body is still read to its end, within bounds, so that its sender gets to see the answer. */
  read(request: IncomingMessage, bytesMax: number, done: Done): void {
    let chunks: Buffer[] = []
    let length = 0
    let held = 0
    let refusal: Refusal | null = null
    let ended = false

    const end = (outcome: Error | null, body?: Buffer) => {
      if (ended) return
      ended = true
      this.release(held)
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
      done(outcome, body)
    }
    const refuseBody = (why: Refusal) => {
      refusal ??= why
      this.release(held)
      held = 0
      chunks = []
      if (Math.max(length, declaredLength(request)) > DISCARDED_BYTES_MAX) end(refusal)
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > bytesMax) return refuseBody(tooLarge(bytesMax))
      if (refusal !== null) return
      this.bytesUnderway += chunk.length
      held += chunk.length
      if (this.bytesUnderway > this.bytesUnderwayMax) return refuseBody(tooMuchUnderway())
      chunks.push(chunk)
    }
    const onEnd = () => {
      if (refusal !== null) return end(refusal)
      // A single chunk may be a view on the socket's own memory, which nobody else writes to again.
      const [only] = chunks
      end(null, chunks.length === 1 && only !== undefined ? only : length === 0 ? EMPTY : Buffer.concat(chunks, length))
    }
    const onCut = () => end(new Refusal('Serialization', 'the body ended before its announced length'))

    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    if (declaredLength(request) > bytesMax) refuseBody(tooLarge(bytesMax))
  }

  private release(bytes: number): void {
    this.bytesUnderway -= bytes
  }
}

const declaredLength = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0)

const tooLarge = (bytesMax: number): Refusal =>
  new Refusal('RequestTooLarge', `the body is larger than ${bytesMax} bytes`)

const tooMuchUnderway = (): Refusal =>
  new Refusal('TooManyRequests', 'too many large requests are on their way at once', { retryAfterSeconds: 1 })
