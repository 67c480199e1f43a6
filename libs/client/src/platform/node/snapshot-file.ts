import { crc32 } from 'node:zlib'
import { decodeFrames, encodeFrame, firstFrameBytes } from './journal-frames.js'

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

/** A snapshot as a file: one frame that says what it is, and its bytes. */
export function encodeSnapshot({ through, bytes }: Snapshot, format: number): Buffer {
  const head = { format, through, length: bytes.length, checksum: crc32(bytes) }
  return Buffer.concat([encodeFrame(JSON.stringify(head)), bytes])
}

/** Null for one that is broken; its format alone where that is a later one. */
export function decodeSnapshot(file: Buffer | null, format: number): Snapshot | Readonly<{ format: number }> | null {
  const headBytes = file === null ? 0 : firstFrameBytes(file)
  if (file === null || headBytes === 0) return null
  const head = JSON.parse(decodeFrames(file.subarray(0, headBytes)).texts[0]!) as {
    format: number
    through: number
    length: number
    checksum: number
  }
  if (head.format > format) return { format: head.format }
  const bytes = Uint8Array.from(file.subarray(headBytes))
  return bytes.length === head.length && crc32(bytes) === head.checksum ? { through: head.through, bytes } : null
}
