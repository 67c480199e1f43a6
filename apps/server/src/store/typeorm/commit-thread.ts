import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { CommitAnswer, CommitRequest, CommitThreadStart } from './commit-message.js'
import { tuneWriter } from './sqlite-pragmas.js'
import { Statements } from './statements.js'
import { threadWork, type ThreadContext, type WorkAnswer, type WorkName } from './thread-work.js'

/**
 * The thread in which groups of writes are committed, and what else `thread-work.ts` names. It has a connection of its own and does one request after
 * the other; waiting for the disk, and copying the log back into the database, holds up nobody's request.
 */
const port = parentPort!
const { file, relay, linkKey } = workerData as CommitThreadStart
const connection = new Database(file)
tuneWriter(connection)
const context: ThreadContext = { statements: new Statements(connection), relay, linkKey }

port.on('message', (request: CommitRequest) => {
  port.postMessage(answer(request))
  if (request.kind === 'close') port.close()
})

function answer(request: CommitRequest): CommitAnswer {
  if (request.kind === 'close') {
    connection.close()
    return { kind: 'closed' }
  }
  try {
    const work = threadWork[request.name] as (context: ThreadContext, request: unknown) => WorkAnswer<WorkName>
    return { kind: 'done', answer: work(context, request.request) }
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}
