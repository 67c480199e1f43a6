import type { DatasetName, RecordKey, SyncCount } from '@satchel/protocol'
import type { Edit, Entry } from '../../../libs/client/src/journal/entry.js'
import { SqlReplica } from '../../../libs/client/src/replica/sql-replica.js'
import { JournalWatch } from './journal-watch.js'
import { Situations } from './situations.js'
import { loadSqlOnce } from './sql-once.js'

const dataset = 'prefs' as DatasetName
const key = 'theme' as RecordKey

const edit = (value: string): Edit => ({ key, value, base: 0 as SyncCount, at: 0 })
const put = (value: string): Entry => ({ kind: 'edit', dataset, edits: [edit(value)] })
const decided = (over: number, value: string): Entry => ({ kind: 'settle', dataset, key, over, edit: edit(value) })

const watched = () => {
  const watch = new JournalWatch('phone', new Situations(), () => {})
  const store = watch.ofStore('store')
  const keep = (place: number, ...group: Entry[]): void => store.kept({ place, group })
  return { store, keep, isOverruled: (value: string) => watch.overruled.has(JSON.stringify([dataset, key, value])) }
}

test('a decision about an edit of before, behind a new edit in its group, is not what the next one decides over', () => {
  const { keep, isOverruled } = watched()
  keep(1, put('old'))
  keep(2, put('new'), decided(1, 'chosen'))
  expect(isOverruled('new')).toBe(false)
  keep(3, decided(2, 'chosen again'))
  expect(isOverruled('new')).toBe(true)
})

test('a decision after an eviction is known by the places that the journal’s replica goes on with', async () => {
  const { store, keep, isOverruled } = watched()
  const replica = SqlReplica.empty(await loadSqlOnce(), 4)
  for (const place of [1, 2, 3, 4]) keep(place, put(`${place}`))
  keep(1)
  replica.apply(5, [])
  store.compacted({ through: 1, bytes: replica.snapshot() })
  keep(2, put('new'))
  keep(3, put('another'))
  keep(4, decided(6, 'chosen'))
  expect(isOverruled('new')).toBe(true)
  expect(isOverruled('another')).toBe(false)
  replica.close()
})
