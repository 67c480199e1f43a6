import type { Logger } from 'pino'
import type { SigningKeysObserver } from '../identity/signing-keys.js'
import type { StoreAbsence } from './store-absence.js'

/** Logs what is wrong with the signing keys of a server that runs. */
export class SigningKeysWatch implements SigningKeysObserver {
  constructor(private readonly deps: Readonly<{ log: Logger; absence: StoreAbsence }>) {}

  unopened(sentence: string): void {
    this.deps.log.error(sentence)
  }

  unread(cause: unknown): void {
    const { log, absence } = this.deps
    if (!absence.explains(cause)) log.error({ cause }, 'the signing keys could not be read again; those known go on')
  }
}
