import type { ErrorCode, Limits } from '@satchel/protocol'
import type { Status } from './status.js'

/** Ends a subscription. */
export type Unsubscribe = () => void

/** What became of a write, in the end. */
export type WriteOutcome =
  /** The server has it, durably, or something newer of this device. */
  | Readonly<{ kind: 'accepted' }>
  /** Another device changed the key meanwhile and a resolver took the other value, or an app did. */
  | Readonly<{ kind: 'overruled' }>
  /** Another device changed the key meanwhile and nobody has decided yet; see `Dataset.conflicts`. */
  | Readonly<{ kind: 'conflict' }>
  /** The server will never take it as it is; it is kept here and shown by `Dataset.parked`. */
  | Readonly<{ kind: 'refused'; code: ErrorCode; message: string }>

/**
 * A write on its way. It shows in `get` at once. Awaiting it waits until it is `saved`; nothing has to be awaited.
 */
export interface Write extends PromiseLike<void> {
  /** Resolves once the write would survive a crash; rejects if the device's storage cannot keep it. */
  readonly saved: Promise<void>
  /** Resolves with what became of the write at the server; may take days, without a network. */
  readonly outcome: Promise<WriteOutcome>
}

/** Refused before anything was queued: a key or value that no server takes, or no room for it. */
export class EditRefused extends Error {
  constructor(
    readonly code: 'InvalidParameter' | 'LimitExceeded' | 'Closed',
    message: string,
  ) {
    super(message)
    this.name = 'EditRefused'
  }
}

/** What an edit does to keys; a null value removes. */
export type Edits = Iterable<readonly [key: string, value: string | null]>

/** Both sides of a key that was changed here and on another device. */
export type ConflictSides = Readonly<{
  dataset: string
  key: string
  /** null: removed. `at` by this device's clock. */
  local: Readonly<{ value: string | null; at: number }>
  /** null: removed, or gone with its dataset. Times by the server's clock, `deviceModifiedAt` by the writer's. */
  remote: Readonly<{
    value: string | null
    syncCount: number
    modifiedAt: number
    modifiedBy: string
    deviceModifiedAt: number | null
  }>
}>

export type Choice = 'local' | 'remote' | Readonly<{ value: string | null }>

/** Decides a conflict, now or later; `defer`, and throwing, leave both sides as they are, for the app to decide. */
export type Resolver = (sides: ConflictSides) => Choice | 'defer' | Promise<Choice | 'defer'>

/**
 * `last-writer` (the default) compares the clocks of the two devices, the other's never counted later than the server's
 * at that moment; `remote` and `local` need no clock.
 */
export type ConflictPolicy = 'remote' | 'local' | 'last-writer' | Resolver

export type Conflict = ConflictSides & Readonly<{ resolve(choice: Choice): Write }>

export type PendingEdit = Readonly<{ key: string; value: string | null; at: number; sent: boolean }>

export type ParkedEdit = PendingEdit &
  Readonly<{
    code: ErrorCode
    message: string
    /** Takes the server's value instead. */
    discard(): Write
    /** Sends it once more, as when room was made. */
    retry(): Write
  }>

/** What a dataset holds as this device shows it, and what it may hold. Bytes are UTF-8, keys and values. */
export type DatasetUsage = Readonly<{ records: number; bytes: number; recordsMax: number; bytesMax: number }>

/** The named key changed, here or elsewhere, to this value; undefined when it was removed. */
export type KeyListener = (value: string | undefined, change: DatasetChange) => void

export type DatasetChange = Readonly<{
  dataset: string
  /** Every key whose shown value changed. */
  keys: readonly string[]
  /** Who changed it: this tab, another tab of this device, or the server. */
  by: 'here' | 'tab' | 'server'
}>

/** A named set of keys of one user. Reading is synchronous and sees this device's own writes at once. */
export interface Dataset {
  readonly name: string
  /** The value, or undefined. */
  get(key: string): string | undefined
  /** All keys and values, by code point of the key. */
  entries(): [key: string, value: string][]
  readonly size: number
  /** Throws {@link EditRefused}; so do the next two. */
  put(key: string, value: string): Write
  remove(key: string): Write
  /** Several changes in one step: all are saved, or none. */
  edit(edits: Edits): Write
  /** Calls back after every change, never inside of one. A listener that throws is reported and harms nobody else. */
  subscribe(listener: (change: DatasetChange) => void): Unsubscribe
  subscribe(key: string, listener: KeyListener): Unsubscribe
  /** Edits that the server has not accepted yet, parked ones left out. */
  pending(): readonly PendingEdit[]
  conflicts(): readonly Conflict[]
  parked(): readonly ParkedEdit[]
  usage(): DatasetUsage
  /** The server's count that this device has reached; 0 for none. */
  readonly syncCount: number
}

/** What a `synchronize` brought about. */
export type SyncReport = Readonly<{
  /** Edits that were accepted, over all datasets. */
  accepted: number
  /** Keys whose value came from the server. */
  received: number
  conflicts: number
  parked: number
}>

/** One user's datasets on this device. */
export interface SyncClient {
  /** The same object for the same name. Names it from now on as one to keep in step. */
  dataset(name: string, options?: Readonly<{ conflicts?: ConflictPolicy }>): Dataset
  /** The identity that this device acts for; null until the server has been asked once. */
  readonly identity: string | null
  readonly limits: Limits
  readonly status: Status
  /** Calls back with every new status. */
  onStatus(listener: (status: Status) => void): Unsubscribe
  /**
   * Sends and fetches everything now; resolves when everything that was saved before is accepted, conflicting or parked,
   * and everything the server had has come. Rejects with a `ConnectionFault` when that cannot be done now.
   */
  synchronize(): Promise<SyncReport>
  /** Stops talking to the network, and goes on. */
  pause(): void
  resume(): void
  /**
   * Acts for a user that has signed in. What a guest has on this device follows: the same identity goes on, or, where the
   * user has another one, the guest's values are brought along as edits, and clashes are conflicts like any other.
   */
  signIn(login: Login, options?: Readonly<{ guestData?: 'bring' | 'leave' }>): Promise<void>
  /** Becomes a new guest. `wipe` removes what is on this device; else it is there again after the next sign-in. */
  signOut(options: Readonly<{ wipe: boolean }>): Promise<void>
  /** Waits until every edit is saved, and lets go of everything. */
  close(): Promise<void>
}

/**
 * Asks the app's own backend for a token of the signed-in user: the answer of GetOpenIdTokenForDeveloperIdentity. `guest` is
 * the identity of the guest that the device was so far, for the backend to link; null otherwise. Called again before
 * every token ends.
 */
export type Login = (
  request: Readonly<{ guest: string | null }>,
) => Promise<Readonly<{ identityId: string; token: string }>>

/** What goes over the wire, for a log; values of users included. */
export type WireEvent = Readonly<{
  at: number
  direction: 'sent' | 'received'
  message: string
  /** The message itself; for sync and watch, requests and answers alike. */
  body: unknown
}>

export type ClientOptions = Readonly<{
  /** The server's URL: `https://sync.example.com`. */
  endpoint: string
  /** The identity pool's id. */
  pool: string
  /** Who is signed in; leave it out for a guest. */
  login?: Login
  /** Acts for this guest instead of becoming a new one, on a device that opens the pool for the first time. */
  guest?: string
  /** For datasets that name no policy of their own. */
  conflicts?: ConflictPolicy
  /** `auto` takes a socket, and HTTP where sockets are blocked. */
  transport?: 'auto' | 'socket' | 'http'
  /** Keeps several local stores of one pool apart on one device; `default` otherwise. */
  name?: string
  /** True to begin paused. */
  paused?: boolean
  onWire?: (event: WireEvent) => void
  /** Told of faults that belong to no call: a listener that threw, a store that was repaired. */
  onFault?: (fault: Error) => void
}>
