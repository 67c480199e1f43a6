import { join } from 'node:path'
import { scratchDirectory } from '../process/child.js'
import { startSqliteLoop } from '../process/floor.js'
import { atLeast, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startWithGuests } from '../seed/prepared-server.js'

export const name = 'bulk'
export const title = 'durable records per second with 100-patch updates, against a bare better-sqlite3 loop'

export const IDENTITIES = 192

export const workloadFor = (quick) => ({
  dataset: 'catalogue',
  connections: 16,
  updatesPerConnection: quick ? 20 : 60,
  patches: 100,
  keysPerDataset: 200,
  valueBytes: 200,
})

/** Rounds in turn: Satchel, the loop with SQLite's default cache and checkpoints, the loop with Satchel's. */
export async function run({ quick, say, generator, env }) {
  const rounds = quick ? 3 : 7
  const workload = workloadFor(quick)
  const server = await startWithGuests({ count: IDENTITIES, env })
  const loops = {
    defaults: startSqliteLoop(join(scratchDirectory('loop'), 'loop.db'), 'defaults'),
    tuned: startSqliteLoop(join(scratchDirectory('loop'), 'loop.db'), 'as-satchel'),
  }
  const { port, pool, identities } = server
  await generator.ask({ call: 'enter', port, pool, identities })

  const rates = { satchel: [], defaults: [], tuned: [] }
  const updates = []
  for (let round = 0; round <= rounds; round++) {
    await generator.ask({ call: 'prepareUpdates', name: 'bulk', port, workload, identities, round })
    const figures = await generator.ask({ call: 'send', name: 'bulk', port })
    const one = { satchel: figures.perSecond * workload.patches }
    for (const [kind, loop] of Object.entries(loops)) {
      const { rows, seconds } = await loop.ask({ call: 'run', workload, identities, round })
      one[kind] = rows / seconds
    }
    if (round === 0) continue // warms up; every later round writes over records that exist, or adds the other half
    for (const [kind, rate] of Object.entries(one)) rates[kind].push(rate)
    updates.push(figures)
    say(`round ${round}: ${grouped(one.satchel)} records/s, loop ${grouped(one.defaults)} rows/s`)
  }
  await generator.ask({ call: 'forget', name: 'bulk' })
  await server.stop()
  for (const loop of Object.values(loops)) await loop.stop()

  const ratios = (of) => rates.satchel.map((rate, at) => rate / rates[of][at])
  const p50 = median(updates.map((figures) => figures.p50))
  return [
    result({
      name: 'bulk',
      title: `records of ${workload.patches}-patch updates, ${workload.connections} connections`,
      unit: '× bare SQLite loop',
      rounds: ratios('defaults'),
      goal: atLeast(0.5),
      notes: [
        `Satchel ${grouped(median(rates.satchel))} records/s, p50 ${p50.toFixed(1)} ms an update; ` +
          `loop ${grouped(median(rates.defaults))} rows/s at 128 a commit`,
      ],
    }),
    result({
      name: 'bulk-tuned',
      title: "the same against a loop with Satchel's cache and checkpoint settings",
      unit: '× tuned loop',
      rounds: ratios('tuned'),
      notes: [`loop ${grouped(median(rates.tuned))} rows/s`],
    }),
  ]
}
