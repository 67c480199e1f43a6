import { Worker } from 'node:worker_threads'
import type { StreamStorage } from '../stream-storage.js'
import type { CommitAnswer, CommitRequest, CommitThreadStart } from './commit-message.js'
import type { WorkAnswer, WorkName, WorkRequest } from './thread-work.js'

/** A thread runs built code; tests run the sources, and take the thread from the build beside them. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/store/typeorm/commit-thread.js', import.meta.url)
  : new URL('./commit-thread.js', import.meta.url)

type Waiting = Readonly<{ resolve: (answer: CommitAnswer) => void; reject: (cause: unknown) => void }>

/** Has work done in the commit thread (see `commit-thread.ts`), one piece after the other. */
export class CommitThreadClient {
  private readonly thread: Worker
  /** Requests under way, in the order of their answers. */
  private readonly waiting: Waiting[] = []
  private ended: Error | null = null
  private closing = false

  /** The file must exist, with its tables. */
  constructor(file: string, { relay, linkKey }: Pick<StreamStorage, 'relay' | 'linkKey'>) {
    this.thread = new Worker(ENTRY, { workerData: { file, relay, linkKey } satisfies CommitThreadStart })
    this.thread.on('message', (answer: CommitAnswer) => this.waiting.shift()?.resolve(answer))
    this.thread.on('error', (cause) => this.end(cause))
    this.thread.on('exit', () => this.end(null))
  }

  /** Resolves once what was done is durable, rejects when nothing of it was stored. */
  async run<Name extends WorkName>(name: Name, request: WorkRequest<Name>): Promise<WorkAnswer<Name>> {
    const answer = await this.ask({ kind: 'work', name, request } as CommitRequest)
    if (answer.kind === 'failed') throw answer.cause
    if (answer.kind === 'closed') throw new Error(`the commit thread closed instead of doing ${name}`)
    return answer.answer as WorkAnswer<Name>
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
