import { crc32 as zlibCrc32 } from 'node:zlib'
import { crc32 } from './checksum.js'

test.each([0, 1, 3, 4, 5, 1_023, 4_096])(
  'the checksum of %d bytes is that of zlib, also when it goes on from another',
  (length) => {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 167 + 13) % 256)
    expect(crc32(bytes)).toBe(zlibCrc32(bytes))
    expect(crc32(bytes, 0xdead_beef)).toBe(zlibCrc32(bytes, 0xdead_beef))
  },
)
