import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BatchOutcome, DatasetName, RecordPatch } from '@satchel/protocol'
import type { ConflictPolicy, DatasetUsage, PendingEdit, Status, SyncReport, WriteOutcome } from '@satchel/client'

/** The program that runs in every client's process. */
export const CLIENT_MAIN = fileURLToPath(new URL('client-process-main.js', import.meta.url))

const REPLY_MS_MAX = 60_000

export type KeyEdits = readonly (readonly [key: string, value: string | null])[]

/** An edit that is about to be made, the `n`th of its device. */
export type Intent = Readonly<{ n: number; dataset: string; edits: KeyEdits; before: number }>

export type SentBatch = Readonly<{
  device: string
  dataset: DatasetName
  number: number
  patches: readonly RecordPatch[]
}>

export type AnsweredBatch = Readonly<{ device: string; dataset: DatasetName; number: number; outcome: BatchOutcome }>

export type Fault = Readonly<{ name: string; kind: string | null; message: string }>

/** What a client's process tells, in the order in which it happened there. */
export type Told =
  | Readonly<{ kind: 'started' }>
  | Readonly<{ kind: 'intent'; intent: Intent }>
  | Readonly<{ kind: 'saved'; n: number; after: number }>
  | Readonly<{ kind: 'failed'; n: number; fault: Fault }>
  | Readonly<{ kind: 'outcome'; n: number; outcome: WriteOutcome }>
  | Readonly<{ kind: 'batch'; batch: SentBatch }>
  | Readonly<{ kind: 'answer'; answer: AnsweredBatch }>
  | Readonly<{ kind: 'status'; status: Status }>
  /** Something of a dataset that is listened to came from the server, at this time of the machine. */
  | Readonly<{ kind: 'changed'; dataset: string; at: number }>
  | Readonly<{ kind: 'fault'; fault: Fault }>
  | Readonly<{ kind: 'reply'; id: number; reply: unknown; fault?: Fault }>

/** What a client shows of a dataset. */
export type Shown = Readonly<{
  entries: readonly (readonly [key: string, value: string])[]
  pending: readonly PendingEdit[]
  conflicts: readonly string[]
  parked: readonly Readonly<{ key: string; code: string }>[]
  syncCount: number
  usage: DatasetUsage
}>

export type OpenOptions = Readonly<{
  endpoint: string
  pool: string
  directory: string
  guest?: string
  paused?: boolean
  transport?: 'auto' | 'socket' | 'http'
  conflicts?: Exclude<ConflictPolicy, (...given: never) => unknown>
}>

/** The load that a process puts on its client until it is killed or told to rest. */
export type Load = Readonly<{
  seed: number
  device: string
  from: number
  own: readonly string[]
  shared: string
  /** Below which the pauses between edits are, in milliseconds. */
  restMs?: number
}>

/** What a client refused, as told by its process. */
export class ClientFault extends Error {
  readonly kind: string | null

  constructor({ name, kind, message }: Fault) {
    super(message)
    this.name = name
    this.kind = kind
  }
}

/** A real process with a client of `@satchel/client/node`, as an app's process would be, to be killed at any moment. */
export class ClientProcess {
  /** Everything that was told so far. */
  readonly told: Told[] = []
  /** The last bytes of what came besides. */
  stderr = ''
  readonly exited: Promise<Readonly<{ code: number | null; signal: NodeJS.Signals | null }>>
  private readonly watchers = new Set<() => void>()
  private ended = false
  private commands = 0

  private constructor(
    private readonly child: ChildProcess,
    listen: (told: Told) => void,
  ) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const told = toldIn(line)
      // Cut short by a death in the middle of telling: then it was not told.
      if (told === null) return
      this.told.push(told)
      listen(told)
      this.wakeAll()
    })
    child.stderr!.on('data', (bytes: Buffer) => (this.stderr = (this.stderr + bytes.toString()).slice(-10_000)))
    child.stdin!.on('error', () => {})
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject)
      // Not before all output was read.
      child.once('close', (code, signal) => {
        this.ended = true
        resolve({ code, signal })
        this.wakeAll()
      })
    })
  }

  /** Starts a process; `shell` is run before, in the same process, as for `ulimit`. */
  static start({ listen = () => {}, shell }: Readonly<{ listen?: (told: Told) => void; shell?: string }> = {}) {
    const stdio: StdioOptions = ['pipe', 'pipe', 'pipe']
    const env = { PATH: process.env['PATH'] ?? '', TZ: 'UTC' }
    const child =
      shell === undefined
        ? spawn(process.execPath, [CLIENT_MAIN], { stdio, env })
        : spawn('/bin/sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, CLIENT_MAIN], { stdio, env })
    return new ClientProcess(child, listen)
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The first thing told that is as wanted, already or yet to come; rejects when the process ends without it. */
  async heard<T>(wanted: (told: Told) => T | undefined, withinMs = REPLY_MS_MAX): Promise<T> {
    const deadline = performance.now() + withinMs
    for (let looked = 0; ;) {
      while (looked < this.told.length) {
        const found = wanted(this.told[looked++]!)
        if (found !== undefined) return found
      }
      const late = performance.now() > deadline
      if (this.ended || late) throw new Error(`${late ? 'not told in time' : 'the process has ended'}\n${this.stderr}`)
      await this.news(deadline - performance.now())
    }
  }

  /** Waits until the program runs and every module is loaded. */
  async started(): Promise<void> {
    await this.heard(({ kind }) => (kind === 'started' ? true : undefined))
  }

  /** Opens the client; answers what it shows of these datasets before the network says anything. */
  open<Name extends string>(options: OpenOptions, datasets: readonly Name[]): Promise<Readonly<Record<Name, Shown>>> {
    return this.ask('open', { options, datasets })
  }

  /** Begins to edit without end; see `Load`. */
  load(load: Load): Promise<void> {
    return this.ask('load', load)
  }

  /** Ends the load; answers when every edit of it is saved or has failed. */
  rest(): Promise<void> {
    return this.ask('rest', {})
  }

  /** Edits; answers when the edit is shown. What becomes of it is told under the number. */
  edit(n: number, dataset: string, edits: KeyEdits): Promise<void> {
    return this.ask('edit', { n, dataset, edits })
  }

  /** Edits, and waits until that is saved. */
  async save(n: number, dataset: string, edits: KeyEdits): Promise<void> {
    await this.edit(n, dataset, edits)
    await this.heard((told) => (told.kind === 'saved' && told.n === n ? true : undefined))
  }

  /** Waits until it is known what became of an edit. */
  outcome(n: number): Promise<WriteOutcome> {
    return this.heard((told) => (told.kind === 'outcome' && told.n === n ? told.outcome : undefined))
  }

  /** From now on it is told when something of the dataset comes from the server. */
  listen(dataset: string): Promise<void> {
    return this.ask('listen', { dataset })
  }

  show(dataset: string): Promise<Shown> {
    return this.ask('show', { dataset })
  }

  status(): Promise<Status> {
    return this.ask('status', {})
  }

  synchronize(): Promise<SyncReport> {
    return this.ask('synchronize', {})
  }

  pause(): Promise<void> {
    return this.ask('pause', {})
  }

  resume(): Promise<void> {
    return this.ask('resume', {})
  }

  /** Closes the client, and ends the process. */
  async close(): Promise<void> {
    await this.ask('close', {})
    this.child.stdin!.end()
    await this.exited
  }

  /** SIGKILL, and the end of everything that it told. */
  async kill(): Promise<void> {
    if (!this.ended) this.child.kill('SIGKILL')
    await this.exited
  }

  private async ask<Reply>(command: string, rest: object): Promise<Reply> {
    const id = ++this.commands
    this.child.stdin!.write(`${JSON.stringify({ ...rest, id, command })}\n`)
    const { reply, fault } = await this.heard((told) => (told.kind === 'reply' && told.id === id ? told : undefined))
    if (fault !== undefined) throw new ClientFault(fault)
    return reply as Reply
  }

  private news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), Math.max(0, withinMs) + 1)
      const wake = (): void => {
        clearTimeout(timer)
        this.watchers.delete(wake)
        resolve()
      }
      this.watchers.add(wake)
    })
  }

  private wakeAll(): void {
    for (const wake of [...this.watchers]) wake()
  }
}

function toldIn(line: string): Told | null {
  try {
    return JSON.parse(line) as Told
  } catch {
    return null
  }
}
