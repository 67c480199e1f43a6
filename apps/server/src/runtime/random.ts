import { randomBytes, randomUUID } from 'node:crypto'

/** Chance as a dependency. */
export interface Random {
  /** Unpredictable bytes, fit for keys and nonces. */
  bytes(count: number): Buffer
  /** A version 4 GUID in lower case. */
  uuid(): string
}

export class SystemRandom implements Random {
  bytes(count: number): Buffer {
    return randomBytes(count)
  }

  uuid(): string {
    return randomUUID()
  }
}
