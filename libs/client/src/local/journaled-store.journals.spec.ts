import 'fake-indexeddb/auto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import initSqlJs, { type SqlJsStatic } from 'sql.js'
import type { Journal } from '../journal/journal.js'
import { deleteDatabase } from '../platform/browser/database.js'
import { IndexedDbJournal } from '../platform/browser/indexed-db-journal.js'
import { FileJournal } from '../platform/node/file-journal.js'
import { put } from '../replica/testing/entries.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { LoneTab } from '../tabs/lone-tab.js'
import { JournaledStore } from './journaled-store.js'
import { entriesOf } from './testing/store-bench.js'

const clock = new SystemClock()
const random = new SystemRandom()
let sql: SqlJsStatic
let directory: string
beforeAll(async () => {
  sql = await initSqlJs()
  directory = await mkdtemp(join(tmpdir(), 'satchel-store-'))
})
afterAll(() => rm(directory, { recursive: true }))

type Place = Readonly<{ journal: () => Journal; lose: () => Promise<void> }>

const inFiles = (): Place => ({
  journal: () => new FileJournal(join(directory, 'store')),
  lose: () => rm(join(directory, 'store'), { recursive: true }),
})
const inIndexedDb = (): Place => ({
  journal: () => new IndexedDbJournal({ name: 'store', clock, random }),
  lose: () => deleteDatabase('store', clock),
})

test.each([
  ['in files', inFiles],
  ['in IndexedDB', inIndexedDb],
])(
  '[ND16] [ND18] a real journal %s keeps what was saved through restarts, a compaction and its own loss',
  async (_, at) => {
    const { journal, lose } = at()
    const faults: Error[] = []
    const open = (): Promise<JournaledStore> =>
      JournaledStore.open({
        journal: journal(),
        sql,
        tabs: new LoneTab(),
        clock,
        random,
        onFault: (fault) => faults.push(fault),
      })

    const first = await open()
    await first.write([put('a', '1'), put('big', 'x'.repeat(1_100_000))])
    await first.write([put('big', null)])
    await first.compactIfDue(await first.takeTerm())
    await first.write([put('b', '2')])
    await first.close()

    const second = await open()
    expect(entriesOf(second)).toEqual({ a: '1', b: '2' })
    expect(faults).toEqual([])
    await lose()
    const placed = second.write([put('c', '3')])
    await placed
    expect(faults).toMatchObject([{ kind: 'lost' }])
    await second.write([put('d', '4')])
    const { place, device } = second.replica
    await second.close()

    const third = await open()
    expect(entriesOf(third)).toEqual({ a: '1', b: '2', c: '3', d: '4' })
    expect({ place: third.replica.place, device: third.replica.device }).toEqual({ place, device })
    await third.close()
  },
)
