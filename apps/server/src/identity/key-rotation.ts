import { signingStates, type SigningState } from '../domain/signing-times.js'
import type { ClosedAnew, SigningKeyStore, StoredSigningKey } from '../store/signing-key-store.js'
import { newSigningKey, type NewSigningKeyParts } from './new-signing-key.js'
import { unopenedKey } from './unopened-key.js'

/** A signing key as an operator sees it. */
export type KeyStanding = Readonly<{
  key: StoredSigningKey
  state: SigningState
  /** The master key that opens it, by its place in the ring; null where none of those given does. */
  place: number | null
}>

export type AddedKey =
  | Readonly<{ kind: 'added'; key: StoredSigningKey }>
  /** None was added, since one that was added before does not sign yet. */
  | Readonly<{ kind: 'waits'; key: StoredSigningKey }>

type OpenedKey = Readonly<{
  key: StoredSigningKey
  privateKey: Buffer
  /** It is closed under the first master key, and says so. */
  isDone: boolean
}>

/** Others that do the same at once may be in the way now and then, and not for ever. */
const ATTEMPTS_MAX = 5

/** What is done to the signing keys of a database while servers run on it. */
export class KeyRotation {
  constructor(private readonly deps: NewSigningKeyParts & Readonly<{ store: SigningKeyStore }>) {}

  /** In the order in which they sign. */
  async standing(): Promise<readonly KeyStanding[]> {
    const { store, box, clock } = this.deps
    return signingStates(await store.list(), clock.now()).map(([key, state]) => ({
      key,
      state,
      place: box.open(key.kid, key.closedPrivateKey)?.place ?? null,
    }))
  }

  /**
   * Closes every key anew where one is closed under another master key than the first, all or nothing (KR4); answers how many keys there are and how
   * many were closed anew. Rejects with a sentence, and alters nothing, when one does not open.
   */
  async closeAnew(): Promise<Readonly<{ keys: number; closed: number }>> {
    let closed = 0
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const keys = await this.deps.store.list()
      const opened = keys.map((key) => this.opened(key))
      if (opened.every(({ isDone }) => isDone)) return { keys: keys.length, closed }
      // All of them, so that the time that each bears is not before any server sealed with the first master key alone.
      closed += await this.deps.store.replaceClosed(opened.map((one) => this.closedAnew(one)))
    }
    throw new Error('somebody else closes the signing keys again and again; try it once more when they have ended')
  }

  /** Adds a key that signs `afterMs` from now on, in place of the one that signs today (KR5). */
  async addSigningKey(afterMs: number): Promise<AddedKey> {
    const { store } = this.deps
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const taken = (await store.list()).map(({ kid }) => kid)
      const key = await newSigningKey(this.deps, { taken, afterMs })
      const keys = await store.addNext(key, key.createdAt)
      if (keys.some(({ closedPrivateKey }) => closedPrivateKey === key.closedPrivateKey)) return { kind: 'added', key }
      const waiting = keys.find(({ signsFrom }) => signsFrom > key.createdAt)
      if (waiting !== undefined) return { kind: 'waits', key: waiting }
    }
    throw new Error('somebody else adds signing keys at this moment; try it once more')
  }

  /** Removes keys that no master key of the ring opens (KR10); answers their ids. */
  async forgetUnopened(): Promise<readonly string[]> {
    const { store, box } = this.deps
    const lost = (await store.list()).filter((key) => box.open(key.kid, key.closedPrivateKey) === null)
    const kids = lost.map(({ kid }) => kid)
    if (kids.length > 0) await store.remove(kids)
    return kids
  }

  private opened(key: StoredSigningKey): OpenedKey {
    const { box } = this.deps
    const opened = box.open(key.kid, key.closedPrivateKey)
    if (opened === null) throw new Error(unopenedKey(key, box.fingerprints))
    const isDone = opened.place === 0 && key.closedUnder?.fingerprint === box.fingerprints[0]
    return { key, privateKey: opened.privateKey, isDone }
  }

  private closedAnew({ key, privateKey }: OpenedKey): ClosedAnew {
    const { box, clock } = this.deps
    return {
      kid: key.kid,
      was: key.closedPrivateKey,
      closedPrivateKey: box.close(key.kid, privateKey),
      closedUnder: { fingerprint: box.fingerprints[0], at: clock.now() },
    }
  }
}
