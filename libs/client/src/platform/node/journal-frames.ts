import { crc32 } from 'node:zlib'

/**
 * A frame: two bytes that UTF-8 text never has, the length of the text, a checksum of length and text, the text. A reader
 * that lost its way finds the next frame by its first byte.
 */
const MARK = 0xf5
const HEADER_BYTES = 10

/** A frame holds one group; what is longer was never written by us. */
const TEXT_BYTES_MAX = 0x7fff_ffff

export function encodeFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length)
  frame[0] = MARK
  frame[1] = MARK
  frame.writeUInt32LE(length, 2)
  frame.write(text, HEADER_BYTES)
  frame.writeUInt32LE(checksum(frame, 0, length), 6)
  return frame
}

export type Frames = Readonly<{
  /** What every readable frame says, in order. */
  texts: readonly string[]
  /** Where the last readable frame ends; what follows is to be cut off. */
  end: number
  /** Stretches that are no frames and were not left by an append that was cut short. */
  broken: readonly Readonly<{ from: number; to: number }>[]
}>

/** Reads every frame that is whole, whatever lies between them. */
export function decodeFrames(bytes: Buffer): Frames {
  const texts: string[] = []
  const broken: { from: number; to: number }[] = []
  let end = 0
  for (let at = 0; at >= 0 && at < bytes.length;) {
    const length = frameAt(bytes, at)
    if (length === null) {
      at = bytes.indexOf(MARK, at + 1)
      continue
    }
    if (at > end) broken.push({ from: end, to: at })
    end = at + HEADER_BYTES + length
    texts.push(bytes.toString('utf8', at + HEADER_BYTES, end))
    at = end
  }
  if (end < bytes.length && !isTorn(bytes.subarray(end))) broken.push({ from: end, to: bytes.length })
  return { texts, end, broken }
}

/** How many bytes the frame takes with which `bytes` begin; 0 for none that is readable. */
export function firstFrameBytes(bytes: Buffer): number {
  const length = frameAt(bytes, 0)
  return length === null ? 0 : HEADER_BYTES + length
}

/**
 * Whether a tail was left by an append that was cut short: it ends before its frame does, or there are holes in it where
 * sectors were never written. Our text is never empty and has no zero bytes; a hole in the header reaches its first byte or its last.
 */
function isTorn(tail: Buffer): boolean {
  if (tail.length < HEADER_BYTES) return true
  const length = tail.readUInt32LE(2)
  if (length === 0 || tail.length < HEADER_BYTES + length) return true
  return tail[0] === 0 || tail.includes(0, HEADER_BYTES - 1)
}

function frameAt(bytes: Buffer, at: number): number | null {
  if (bytes[at] !== MARK || bytes[at + 1] !== MARK || at + HEADER_BYTES > bytes.length) return null
  const length = bytes.readUInt32LE(at + 2)
  if (length > TEXT_BYTES_MAX || at + HEADER_BYTES + length > bytes.length) return null
  return bytes.readUInt32LE(at + 6) === checksum(bytes, at, length) ? length : null
}

const checksum = (frames: Buffer, at: number, length: number): number =>
  crc32(frames.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length), crc32(frames.subarray(at + 2, at + 6)))
