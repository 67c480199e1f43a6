/** CRC-32 as zlib computes it, for browsers, which have none. Finds accidents in stored bytes; it is no protection against anybody. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const tables = (TABLES ??= makeTables())
  let crc = ~seed
  let at = 0
  // Four bytes a step: a snapshot of 20 MB takes some 20 ms instead of 60.
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      tables[768 + (crc & 255)]! ^
      tables[512 + ((crc >>> 8) & 255)]! ^
      tables[256 + ((crc >>> 16) & 255)]! ^
      tables[crc >>> 24]!
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}

let TABLES: Int32Array | undefined

/** Four tables of 256 in one array; the n-th says what a byte does that stands n bytes before the end of the step. */
function makeTables(): Int32Array {
  const tables = new Int32Array(1024)
  for (let at = 0; at < 1024; at++) {
    if (at >= 256) {
      const before = tables[at - 256]!
      tables[at] = (before >>> 8) ^ tables[before & 255]!
      continue
    }
    let crc = at
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[at] = crc
  }
  return tables
}
