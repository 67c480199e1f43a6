import { Worker } from 'node:worker_threads'
import type { Limits } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import { patched } from '../../domain/held-record.js'
import type { CommitAnswer, CommitGroup, CommitRequest, CommitThreadStart, ThreadOutcome } from './commit-message.js'

/** A thread runs built code; tests run the sources, and take the thread from the build beside them. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/store/typeorm/commit-thread.js', import.meta.url)
  : new URL('./commit-thread.js', import.meta.url)

type Waiting = Readonly<{ resolve: (answer: CommitAnswer) => void; reject: (cause: unknown) => void }>

/** Commits groups of writes in a thread of their own (see `commit-thread.ts`). */
export class CommitThreadClient {
  private readonly thread: Worker
  /** Requests under way, in the order of their answers. */
  private readonly waiting: Waiting[] = []
  private ended: Error | null = null
  private closing = false

  /** The file must exist, with its tables. */
  constructor(file: string) {
    this.thread = new Worker(ENTRY, { workerData: { file } satisfies CommitThreadStart })
    this.thread.on('message', (answer: CommitAnswer) => this.waiting.shift()?.resolve(answer))
    this.thread.on('error', (cause) => this.end(cause))
    this.thread.on('exit', () => this.end(null))
  }

  /** Judges and stores a group; resolves once it is durable, rejects when nothing of it was stored. */
  async run(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]> {
    const group: CommitGroup = { writes, limits }
    const answer = await this.ask({ kind: 'commit', group: JSON.stringify(group) })
    if (answer.kind === 'failed') throw answer.cause
    if (answer.kind === 'closed') throw new Error('the commit thread closed instead of committing')
    const outcomes = JSON.parse(answer.outcomes) as ThreadOutcome[]
    return outcomes.map((outcome, index) => withRecords(outcome, writes[index]!))
  }

  /** Waits for what is under way and closes the connection. */
  async close(): Promise<void> {
    if (this.ended !== null) return
    this.closing = true
    await this.ask({ kind: 'close' })
    await this.thread.terminate()
  }

  private ask(request: CommitRequest): Promise<CommitAnswer> {
    if (this.ended !== null) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.thread.postMessage(request)
    })
  }

  /**
   * Whatever was under way is now unknown; its callers are told so, and may send it again. A thread that ends before
   * it is told to is a defect, and without it nothing can be stored: the process goes down with it.
   */
  private end(cause: unknown): void {
    if (this.ended !== null) return
    this.ended = new Error('the commit thread has ended', { cause })
    for (const { reject } of this.waiting.splice(0)) reject(this.ended)
    if (!this.closing) throw this.ended
  }
}

function withRecords(outcome: ThreadOutcome, write: DatasetWrite): WriteOutcome {
  if (outcome.kind !== 'accepted') return outcome
  if (write.kind !== 'update') throw new Error(`a ${write.kind} was answered as an accepted batch`)
  const { dataset } = outcome
  const { at, by } = write
  return { ...outcome, written: write.batch.map((patch) => patched(patch, { syncCount: dataset.syncCount, at, by })) }
}
