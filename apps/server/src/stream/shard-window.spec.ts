import { ShardWindow } from './shard-window.js'
import { anOutboxRow } from './testing/an-outbox-row.js'

const BOUNDS = { batchRowsMax: 3, batchBytesMax: 10_000 }

const rowsOf = (...streams: readonly string[]) =>
  streams.map((streamName, at) => ({ ...anOutboxRow(1, at + 1, { streamName }), seq: at + 1 }))

const never = () => false

test('[V20] a batch is the first rows of one topic, in their order, within the bounds', () => {
  const window = new ShardWindow(BOUNDS)
  window.take(rowsOf('a', 'b', 'a', 'a', 'a', 'b'))
  const first = window.next(never)!
  expect(first.rows.map(({ seq }) => seq)).toEqual([1, 3, 4])
  window.remove(first)
  const second = window.next(never)!
  expect(second).toMatchObject({ streamName: 'b', rows: [{ seq: 2 }, { seq: 6 }] })
  window.remove(second)
  expect(window.next(never)).toMatchObject({ streamName: 'a', rows: [{ seq: 5 }] })
})

test('[V20] a row above the bound of bytes goes alone', () => {
  const window = new ShardWindow(BOUNDS)
  const [small, large] = rowsOf('a', 'a')
  window.take([{ ...large!, payload: 'x'.repeat(20_000) }, small!])
  expect(window.next(never)!.rows.map(({ seq }) => seq)).toEqual([2])
})

test('[V26] streams on hold are passed over', () => {
  const window = new ShardWindow(BOUNDS)
  window.take(rowsOf('a', 'b', 'a'))
  expect(window.next((name) => name === 'a')).toMatchObject({ streamName: 'b' })
  expect(window.next(() => true)).toBeNull()
  window.drop('a')
  expect(window.size).toBe(1)
})

test('[V25] after a batch that was too large those of its stream are at most half as large, others as before', () => {
  const window = new ShardWindow({ batchRowsMax: 100, batchBytesMax: 1_000_000 })
  window.take(rowsOf(...Array<string>(8).fill('a'), ...Array<string>(8).fill('b')))
  const refused = window.next(never)!
  expect(refused.rows).toHaveLength(8)
  window.shrink(refused)
  expect(window.next(never)!.rows).toHaveLength(4)
  expect(window.next((name) => name === 'a')!.rows).toHaveLength(8)
})

test('[V25] a row that was made a link is still one when it is read again, until it is gone', () => {
  const window = new ShardWindow(BOUNDS)
  const rows = rowsOf('a', 'a')
  window.take(rows)
  const link = { ...rows[0]!, payload: 'link' }
  window.replace(link)
  expect(window.isLinked(rows[0]!)).toBe(true)
  window.take(rows)
  expect(window.next(never)!.rows).toEqual([link, rows[1]])
  window.remove(window.next(never)!)
  expect(window.isLinked(rows[0]!)).toBe(false)
})
