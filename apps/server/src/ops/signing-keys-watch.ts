import type { Logger } from 'pino'
import type { SigningKeysObserver } from '../identity/signing-keys.js'

/** Logs what is wrong with the signing keys of a server that runs. */
export class SigningKeysWatch implements SigningKeysObserver {
  constructor(private readonly log: Logger) {}

  unopened(sentence: string): void {
    this.log.error(sentence)
  }

  unread(cause: unknown): void {
    this.log.error({ cause }, 'the signing keys could not be read again; those known go on')
  }
}
