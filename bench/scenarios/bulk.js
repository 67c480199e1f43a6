import { join } from 'node:path'
import { scratchDirectory } from '../process/child.js'
import { startSqliteLoop } from '../process/floor.js'
import { atLeast, result } from '../report/result.js'
import { inRounds } from '../report/rounds.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startForGenerator } from '../seed/prepared-server.js'

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
  const workload = workloadFor(quick)
  const server = await startForGenerator(generator, { count: IDENTITIES, env })
  const { port, identities } = server
  const loops = {
    defaults: startSqliteLoop(join(scratchDirectory('loop'), 'loop.db'), 'defaults'),
    tuned: startSqliteLoop(join(scratchDirectory('loop'), 'loop.db'), 'as-satchel'),
  }
  // Every round behind the first writes over records that exist, or adds the other half.
  const measure = async (round) => {
    await generator.ask({ call: 'prepareUpdates', name: 'bulk', port, workload, identities, round })
    const figures = await generator.ask({ call: 'send', name: 'bulk', port })
    const one = { satchel: figures.perSecond * workload.patches, p50: figures.p50 }
    for (const [kind, loop] of Object.entries(loops)) {
      const { rows, seconds } = await loop.ask({ call: 'run', workload, identities, round })
      one[kind] = rows / seconds
    }
    return one
  }
  const line = ({ satchel, defaults }) => `${grouped(satchel)} records/s, loop ${grouped(defaults)} rows/s`
  const rates = await inRounds({ quick, say }, { measure, line })
  await generator.ask({ call: 'forget', name: 'bulk' })
  await server.stop()
  for (const loop of Object.values(loops)) await loop.stop()

  const ratios = (of) => rates.satchel.map((rate, at) => rate / rates[of][at])
  return [
    result({
      name: 'bulk',
      title: `records of ${workload.patches}-patch updates, ${workload.connections} connections`,
      unit: '× bare SQLite loop',
      rounds: ratios('defaults'),
      goal: atLeast(0.5),
      notes: [
        `Satchel ${grouped(median(rates.satchel))} records/s, p50 ${median(rates.p50).toFixed(1)} ms an update; ` +
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
