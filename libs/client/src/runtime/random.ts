/** Chance as the client uses it: for delays and for ids. */
export interface Random {
  /** From 0 up to, not including, 1. */
  fraction(): number
  /** A random UUID, version 4. */
  uuid(): string
}

export class SystemRandom implements Random {
  fraction(): number {
    return Math.random()
  }

  uuid(): string {
    // `randomUUID` is missing where a page is no secure context, `getRandomValues` is not.
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
