import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { KEYS_READ_EVERY_MS, signingStates } from '../domain/signing-times.js'
import type { Clock } from '../runtime/clock.js'
import type { SigningKeyStore, StoredSigningKey } from '../store/signing-key-store.js'
import { newSigningKey, publicJwkOf, type MakePrivateKey, type PublicJwk } from './new-signing-key.js'
import type { PrivateKeyBox } from './private-key-box.js'
import { unopenedKey } from './unopened-key.js'

export type SigningKey = Readonly<{
  kid: string
  createdAt: number
  signsFrom: number
  privateKey: KeyObject
  publicKey: KeyObject
  publicJwk: PublicJwk
}>

export interface SigningKeysObserver {
  /** A key that was added meanwhile does not open; it is left out. Said once for each. */
  unopened(sentence: string): void
  /** Which keys there are could not be read; those known go on. */
  unread(cause: unknown): void
}

/** However many ids nobody knows are asked for, the store is asked no more often than so many times in so long. */
const READS_MAX = 10
const WITHIN_MS = 10_000

/**
 * The keys of OpenID tokens. The first is made when one is first wanted; `prepare` wants it early and in the
 * background, so that the port opens without waiting (SPEC J3).
 *
 * Keys are added and forgotten beside this server, by a command or by other servers; so it reads again which there are, every
 * `KEYS_READ_EVERY_MS`, and at once for an id that it does not know (KR6).
 */
export class SigningKeys {
  private keysByKid: ReadonlyMap<string, SigningKey> | null = null
  private readonly unopened = new Set<string>()
  /** The last read that has begun, and the next one, which waits for its time. */
  private reading: Promise<void> = Promise.resolve()
  private next: Promise<void> | null = null
  /** When the last reads began, at most {@link READS_MAX}. */
  private readonly begun: number[] = []
  private cancel: (() => void) | null = null

  constructor(
    private readonly deps: Readonly<{
      store: SigningKeyStore
      box: PrivateKeyBox
      region: string
      clock: Clock
      makePrivateKey: MakePrivateKey
      observer: SigningKeysObserver
    }>,
  ) {}

  /** Sees that every key opens; rejects with a sentence for the operator when one does not (KR9). Makes none. */
  async check(): Promise<void> {
    const { store, box } = this.deps
    for (const key of await store.list()) {
      if (box.open(key.kid, key.closedPrivateKey) === null) throw new Error(unopenedKey(key, box.fingerprints))
    }
  }

  /** Loads the keys, and makes one where there is none. */
  async prepare(): Promise<void> {
    await this.keys()
  }

  /** Reads again from now on which keys there are, until `stop`. */
  watch(): void {
    this.cancel = this.deps.clock.after(KEYS_READ_EVERY_MS, () => {
      this.watch()
      this.readSoon().catch((cause: unknown) => this.deps.observer.unread(cause))
    })
  }

  stop(): void {
    this.cancel?.()
  }

  /** The key that signs now. */
  async signer(): Promise<SigningKey> {
    const states = signingStates(await this.keys(), this.deps.clock.now())
    const signing = states.find(([, { kind }]) => kind === 'signs')
    if (signing === undefined) throw new Error('a signing key was stored and is not there')
    return signing[0]
  }

  /** The believed key of exactly this id, or null. Ids come from a list held here, never from what a token points at. */
  async find(kid: string): Promise<SigningKey | null> {
    const held = (await this.believed()).find((key) => key.kid === kid)
    if (held !== undefined || this.keysByKid!.has(kid)) return held ?? null
    await this.readSoon()
    return (await this.believed()).find((key) => key.kid === kid) ?? null
  }

  /** What is published, so that others can verify. */
  async published(): Promise<readonly PublicJwk[]> {
    return (await this.believed()).map(({ publicJwk }) => publicJwk)
  }

  /** Removes keys whose last token has ended; answers how many. */
  async forgetEnded(): Promise<number> {
    const { store, clock } = this.deps
    const states = signingStates(await store.list(), clock.now())
    const ended = states.filter(([, { kind }]) => kind === 'forgotten').map(([{ kid }]) => kid)
    return ended.length === 0 ? 0 : store.remove(ended)
  }

  private async believed(): Promise<readonly SigningKey[]> {
    const states = signingStates(await this.keys(), this.deps.clock.now())
    return states.filter(([, { kind }]) => kind !== 'forgotten').map(([key]) => key)
  }

  private async keys(): Promise<readonly SigningKey[]> {
    if (this.keysByKid === null) await this.readSoon()
    return [...this.keysByKid!.values()]
  }

  /** Resolves after a read that begins from now on; all who want one meanwhile share it. */
  private readSoon(): Promise<void> {
    this.next ??= this.readInTurn()
    return this.next
  }

  private async readInTurn(): Promise<void> {
    const { clock } = this.deps
    await this.reading.catch(() => {}) // whoever waited for that one was told
    const first = this.begun.length < READS_MAX ? undefined : this.begun.shift()
    const waitMs = first === undefined ? 0 : first + WITHIN_MS - clock.elapsed()
    if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve))
    this.begun.push(clock.elapsed())
    this.next = null
    this.reading = this.read()
    await this.reading
  }

  private async read(): Promise<void> {
    const { store } = this.deps
    const kept = await store.list()
    const stored = kept.length > 0 ? kept : await store.addFirst(await newSigningKey(this.deps))
    const opened = stored.map((key) => this.opened(key)).filter((key) => key !== null)
    if (opened.length === 0) throw new Error(unopenedKey(stored[0]!, this.deps.box.fingerprints))
    this.keysByKid = new Map(opened.map((key) => [key.kid, key]))
  }

  /** A key never changes, so it is opened once. */
  private opened(stored: StoredSigningKey): SigningKey | null {
    const { kid, createdAt, signsFrom } = stored
    const held = this.keysByKid?.get(kid)
    if (held !== undefined) return { ...held, signsFrom }
    const { box, observer } = this.deps
    const opened = box.open(kid, stored.closedPrivateKey)
    if (opened === null) {
      if (!this.unopened.has(kid)) observer.unopened(unopenedKey(stored, box.fingerprints))
      this.unopened.add(kid)
      return null
    }
    const privateKey = createPrivateKey({ key: opened.privateKey, type: 'pkcs8', format: 'der' })
    const publicKey = createPublicKey(privateKey)
    return { kid, createdAt, signsFrom, privateKey, publicKey, publicJwk: publicJwkOf(kid, publicKey) }
  }
}
