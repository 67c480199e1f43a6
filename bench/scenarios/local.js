import { fileURLToPath } from 'node:url'
import { startNode } from '../process/child.js'
import { atLeast, atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'

export const name = 'local'
export const title = 'the client alone, in Node: puts and reads against a bare append and a bare sql.js'

const LOCAL = fileURLToPath(new URL('../live/local.js', import.meta.url))
const POOL = 'us-east-1:00000000-0000-4000-8000-000000000000'

export async function run({ quick, say }) {
  const times = quick ? 2 : 7
  const saved = []
  const reads = []
  const child = startNode(LOCAL)
  for (let time = 0; time <= times; time++) {
    const one = await child.ask({ call: 'saved', pool: POOL, times: quick ? 200 : 1_000 })
    const other = await child.ask({ call: 'read', pool: POOL, reads: quick ? 50_000 : 200_000 })
    if (time === 0) continue
    saved.push(one)
    reads.push(other)
    say(
      `round ${time}: saved after ${one.put.toFixed(3)} ms, bare append ${one.append.toFixed(3)} ms (synchronous ${one.appendSync.toFixed(3)}); ` +
        `${grouped(other.ours)} reads/s, bare ${grouped(other.bare)}; put and get ${other.putMicroseconds.toFixed(1)} µs`,
    )
  }
  await child.stop()
  const ms = (of) => median(saved.map(of)).toFixed(3)
  return [
    result({
      name: 'local-saved',
      title: 'a put of 200 bytes until it is saved, in Node',
      unit: '× append with fdatasync',
      rounds: saved.map(({ put, append }) => put / append),
      goal: atMost(1.3),
      notes: [
        `put ${ms(({ put }) => put)} ms; appended and synced through promises ${ms(({ append }) => append)} ms, through blocking calls ${ms((of) => of.appendSync)} ms`,
      ],
    }),
    result({
      name: 'local-get',
      title: 'get',
      unit: '× prepared read of bare sql.js',
      rounds: reads.map(({ ours, bare }) => ours / bare),
      goal: atLeast(0.9),
      notes: [`${grouped(median(reads.map(({ ours }) => ours)))} reads/s`],
    }),
    result({
      name: 'local-put',
      title: 'put until get sees it, both calls',
      unit: 'µs',
      rounds: reads.map(({ putMicroseconds }) => putMicroseconds),
      goal: atMost(20),
    }),
  ]
}
