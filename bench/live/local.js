import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import initSqlJs from 'sql.js'
import { openClient } from '@satchel/client/node'
import { answerCalls } from '../process/answering.js'
import { scratchDirectory } from '../process/child.js'
import { median } from '../report/statistics.js'

/** What a put and a get cost on this device, without a network: against a bare append and a bare prepared read. */
const KEYS = 1_000
const valueOf = (at) => `${at}:`.padEnd(200, 'abcdefghijklmnopqrstuvwxyz')
const keyOf = (at) => `key-${at}`

const openLocal = (pool) =>
  openClient({ endpoint: 'http://127.0.0.1:9', pool, directory: scratchDirectory('local'), paused: true })

answerCalls({
  /** Milliseconds of one put until it is saved, and of one bare append with fdatasync of as many bytes, in turn. */
  async saved({ pool, times }) {
    const client = await openLocal(pool)
    const dataset = client.dataset('bench')
    const file = await open(join(scratchDirectory('append'), 'log'), 'a')
    const samples = { put: [], append: [], appendSync: [] }
    const descriptor = openSync(join(scratchDirectory('append-sync'), 'log'), 'a')
    for (let at = 0; at < times + 50; at++) {
      const value = valueOf(at)
      const bytes = Buffer.from(JSON.stringify([keyOf(at % KEYS), value]))
      const start = performance.now()
      await dataset.put(keyOf(at % KEYS), value)
      const put = performance.now()
      await file.write(bytes)
      await file.datasync()
      const append = performance.now()
      writeSync(descriptor, bytes)
      fdatasyncSync(descriptor)
      const appendSync = performance.now()
      if (at < 50) continue
      samples.put.push(put - start)
      samples.append.push(append - put)
      samples.appendSync.push(appendSync - append)
    }
    await file.close()
    closeSync(descriptor)
    await client.close()
    return { put: median(samples.put), append: median(samples.append), appendSync: median(samples.appendSync) }
  },

  /** Reads per second through the client and through a bare prepared statement; microseconds of a put with a get. */
  async read({ pool, reads }) {
    const client = await openLocal(pool)
    const dataset = client.dataset('bench')
    await dataset.edit(Array.from({ length: KEYS }, (_, at) => [keyOf(at), valueOf(at)]))
    const sql = await initSqlJs()
    const bare = new sql.Database()
    bare.run('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE')
    bare.run('CREATE TABLE record (dataset INTEGER NOT NULL, "key" TEXT NOT NULL, value TEXT, UNIQUE (dataset, "key"))')
    const insert = bare.prepare('INSERT INTO record VALUES (1, ?, ?)')
    for (let at = 0; at < KEYS; at++) insert.run([keyOf(at), valueOf(at)])
    const select = bare.prepare('SELECT value FROM record WHERE dataset = 1 AND "key" = ?')
    const readBare = (key) => {
      select.bind([key])
      const value = select.step() ? select.get()[0] : undefined
      select.reset()
      return value
    }
    const keys = Array.from({ length: KEYS }, (_, at) => keyOf(at))
    const rate = (read) => {
      const startedAt = performance.now()
      for (let at = 0; at < reads; at++) if (read(keys[at % KEYS]) === undefined) throw new Error('a key is missing')
      return reads / ((performance.now() - startedAt) / 1_000)
    }
    rate(readBare)
    rate((key) => dataset.get(key))
    const bareRate = rate(readBare)
    const ours = rate((key) => dataset.get(key))
    const puts = []
    for (let at = 0; at < 2_000; at++) {
      const key = keyOf(at % KEYS)
      const value = valueOf(at + 1)
      const startedAt = performance.now()
      void dataset.put(key, value)
      if (dataset.get(key) !== value) throw new Error('a put is not visible')
      puts.push((performance.now() - startedAt) * 1_000)
      if (at % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
    }
    bare.close()
    await client.close()
    return { bare: bareRate, ours, putMicroseconds: median(puts.slice(500)) }
  },
})
