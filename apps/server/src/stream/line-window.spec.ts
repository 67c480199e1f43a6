import { LineWindow } from './line-window.js'
import { anOutboxRow } from './testing/an-outbox-row.js'

const BOUNDS = { batchRowsMax: 3, batchBytesMax: 10_000 }

const rowsOf = (...streams: readonly string[]) =>
  streams.map((streamName, at) => ({ ...anOutboxRow(1, at + 1, { streamName }), seq: at + 1 }))

const all = () => true

test('[V20] a batch is the first rows of one topic, in their order, within the bounds', () => {
  const window = new LineWindow(BOUNDS)
  window.take(rowsOf('a', 'b', 'a', 'a', 'a', 'b'))
  const first = window.next(all)!
  expect(first.rows.map(({ seq }) => seq)).toEqual([1, 3, 4])
  window.remove(first)
  const second = window.next(all)!
  expect(second).toMatchObject({ streamName: 'b', rows: [{ seq: 2 }, { seq: 6 }] })
  window.remove(second)
  expect(window.next(all)).toMatchObject({ streamName: 'a', rows: [{ seq: 5 }] })
})

test('[V20] a row above the bound of bytes goes alone', () => {
  const window = new LineWindow(BOUNDS)
  const [small, large] = rowsOf('a', 'a')
  window.take([{ ...large!, payload: 'x'.repeat(20_000) }, small!])
  expect(window.next(all)!.rows.map(({ seq }) => seq)).toEqual([2])
})

test('[V26] a stream that is dropped is passed over', () => {
  const window = new LineWindow(BOUNDS)
  window.take(rowsOf('a', 'b', 'a'))
  window.dropStream('a')
  expect(window.size).toBe(1)
  expect(window.next(all)).toMatchObject({ streamName: 'b' })
})

test('[V23] rows of several shards go together, those of a shard that may not send or is lost stay out', () => {
  const window = new LineWindow(BOUNDS)
  const shards = [1, 2, 1, 3, 2]
  window.take(shards.map((shard, at) => ({ ...anOutboxRow(shard, at + 1), seq: at + 1 })))
  const seqs = (maySend: (shard: number) => boolean) => window.next(maySend)?.rows.map(({ seq }) => seq)
  expect(seqs(all)).toEqual([1, 2, 3])
  expect(seqs((shard) => shard !== 1)).toEqual([2, 4, 5])
  expect(seqs(() => false)).toBeUndefined()
  window.dropShard(2)
  expect(seqs(all)).toEqual([1, 3, 4])
})

test('[V25] after a batch that was too large those of its stream are at most half as large, others as before', () => {
  const window = new LineWindow({ batchRowsMax: 100, batchBytesMax: 1_000_000 })
  window.take(rowsOf(...Array<string>(8).fill('a'), ...Array<string>(8).fill('b')))
  const refused = window.next(all)!
  expect(refused.rows).toHaveLength(8)
  window.shrink(refused)
  expect(window.next(all)!.rows).toHaveLength(4)
  window.dropStream('a')
  expect(window.next(all)!.rows).toHaveLength(8)
})

test('[V25] a row that was made a link is still one when it is read again, until it is gone', () => {
  const window = new LineWindow(BOUNDS)
  const rows = rowsOf('a', 'a')
  window.take(rows)
  const link = { ...rows[0]!, payload: 'link' }
  window.replace(link)
  expect(window.isLinked(rows[0]!)).toBe(true)
  window.take(rows)
  expect(window.next(all)!.rows).toEqual([link, rows[1]])
  window.remove(window.next(all)!)
  expect(window.isLinked(rows[0]!)).toBe(false)
})
