/**
 * Runs many seeds: `node test/simulation/run.js --seeds 1000 --from 1 [--trace] [--twice]`. Ends with 1 when a run violated
 * something. A failing seed is printed with its swarm; with `--trace` every step of it.
 */
import { parseArgs } from 'node:util'
import { simulate } from './simulate.js'
import { Situations } from './world/situations.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    keepOn: { type: 'boolean', default: false },
    progress: { type: 'boolean', default: false },
  },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const situations = new Situations()
const startedAt = Date.now()
let operations = 0
let failed = 0
const from = Number(values.from)
const seeds = Number(values.seeds)
for (let seed = from; seed < from + seeds; seed++) {
  const run = await simulate(seed, { traced: values.trace })
  situations.add(run.situations)
  operations += run.operations
  if (values.progress) print(`seed ${seed}: ${run.operations} operations, ${run.events} events`)
  if (values.trace) for (const line of run.trace) print(line)
  if (values.twice && (await simulate(seed)).hash !== run.hash) {
    failed++
    print(`seed ${seed} took two ways`)
  }
  if (run.violations.length === 0) continue
  failed++
  print(`seed ${seed}: ${run.operations} operations, ${run.events} events, ${run.virtualMs} virtual ms`)
  for (const { checker, message } of run.violations.slice(0, values.trace ? 100 : 4)) print(`  ${checker}: ${message}`)
  if (failed >= 20 && !values.keepOn) break
}
const seconds = (Date.now() - startedAt) / 1_000
print(`seeds ${from} to ${from + seeds - 1}: ${operations} operations in ${seconds.toFixed(1)} s, ${failed} failed`)
for (const [situation, times] of [...situations.counts].sort()) print(`  ${times} × ${situation}`)
if (seeds >= 100) for (const situation of situations.missing()) print(`  never: ${situation}`)
process.exit(failed > 0 ? 1 : 0)
