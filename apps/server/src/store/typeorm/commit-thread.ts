import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { WriteOutcome } from '../../domain/dataset-write.js'
import type { CommitAnswer, CommitGroup, CommitRequest, CommitThreadStart, ThreadOutcome } from './commit-message.js'
import { commitGroup } from './sqlite-commit.js'
import { tuneWriter } from './sqlite-pragmas.js'
import { Statements } from './statements.js'

/**
 * The thread in which groups of writes are committed. It has a connection of its own and does one request after
 * the other; waiting for the disk, and copying the log back into the database, holds up nobody's request.
 */
const port = parentPort!
const { file } = workerData as CommitThreadStart
const connection = new Database(file)
tuneWriter(connection)
const statements = new Statements(connection)

port.on('message', (request: CommitRequest) => {
  port.postMessage(answer(request))
  if (request.kind === 'close') port.close()
})

const withoutRecords = (outcome: WriteOutcome): ThreadOutcome =>
  outcome.kind === 'accepted' ? { kind: outcome.kind, dataset: outcome.dataset } : outcome

function answer(request: CommitRequest): CommitAnswer {
  if (request.kind === 'close') {
    connection.close()
    return { kind: 'closed' }
  }
  try {
    const { writes, limits } = JSON.parse(request.group) as CommitGroup
    return { kind: 'committed', outcomes: JSON.stringify(commitGroup(statements, writes, limits).map(withoutRecords)) }
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}
