import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { streamPlace } from '../../apps/server/dist/domain/stream-place.js'

const ROWS_PER_COMMIT = 50_000

/**
 * Stores changes that wait to be published straight into the tables of a server that is not running, as its commits would have left them: one update of one record of
 * `valueBytes` each, of datasets that take turns. Yields the rows, so that a bare producer can be given the same.
 */
export function* outboxRows({ pool, topic, partitions, rows, datasets, valueBytes, run }) {
  const identities = Array.from({ length: datasets }, () => `us-east-1:${randomUUID()}`)
  const value = 'v'.repeat(valueBytes)
  const now = Date.now()
  for (let at = 0; at < rows; at++) {
    const identity = identities[at % datasets]
    const count = Math.floor(at / datasets) + 1
    const dataset = `settings-${run}`
    const record = {
      key: `key-${count % 8}`,
      value,
      syncCount: count,
      lastModifiedDate: now,
      deviceLastModifiedDate: now,
      op: 'replace',
    }
    const payload = JSON.stringify({
      identityPoolId: pool,
      identityId: identity,
      datasetName: dataset,
      operation: 'replace',
      kinesisSyncRecords: [record],
      lastModifiedDate: now,
      payloadType: 'Inline',
      syncCount: count,
    })
    const id = `${identity}/${dataset}/1/${count}`
    yield { id, topic, identity, pool, dataset, count, payload, now, ...streamPlace(identity, partitions) }
  }
}

export function seedOutbox(file, options) {
  const database = new Database(file)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = OFF') // a crash here only ends the bench
    const row = database.prepare(
      `INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, "partition", shard, pool_id, dataset, epoch, sync_count,
         previous_epoch, previous_count, created_at) VALUES (?, ?, ?, 'change', ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)`,
    )
    const waiting = database.prepare('INSERT INTO outbox_unpublished (shard, seq, stream_name) VALUES (?, ?, ?)')
    const insert = database.transaction((rows) => {
      for (const { id, topic, identity, payload, partition, shard, pool, dataset, count, now } of rows) {
        const { lastInsertRowid } = row.run(
          id,
          topic,
          identity,
          payload,
          partition,
          shard,
          pool,
          dataset,
          count,
          Math.min(1, count - 1),
          count - 1,
          now,
        )
        waiting.run(shard, lastInsertRowid, topic)
      }
    })
    let chunk = []
    for (const one of outboxRows(options)) {
      chunk.push(one)
      if (chunk.length === ROWS_PER_COMMIT) insert(chunk.splice(0))
    }
    insert(chunk)
    database.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    database.close()
  }
}
