import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNode } from './process/child.js'
import { profileScenario } from './profile/profile-scenario.js'
import { machineFacts, machineLine } from './report/machine.js'
import { tableOf } from './report/table.js'
import * as browser from './scenarios/browser.js'
import * as bulk from './scenarios/bulk.js'
import * as idle from './scenarios/idle.js'
import * as listing from './scenarios/listing.js'
import * as live from './scenarios/live.js'
import * as local from './scenarios/local.js'
import * as nodes from './scenarios/nodes.js'
import * as postgres from './scenarios/postgres.js'
import * as start from './scenarios/start.js'
import * as stored from './scenarios/stored.js'
import * as stream from './scenarios/stream.js'
import * as updates from './scenarios/updates.js'

/** Measures Satchel against its goals, each side by side with what it is compared to. See docs/PERFORMANCE.md. */
const SCENARIOS = [updates, bulk, stored, listing, start, live, local, browser, idle, stream, postgres, nodes]
const GENERATOR = fileURLToPath(new URL('./load/generator.js', import.meta.url))
const RESULTS = '.cache/bench.json'

const USAGE = `npm run bench -- [<name>]… [--only <name>]… [--quick] [--log-level <level>] [--profile]

  <name>       a scenario:  ${SCENARIOS.map(({ name }) => name).join(', ')}; may be repeated
  --quick      fewer rounds, smaller sizes: shows that all of it works, gives no figure to quote
  --log-level  the server's SATCHEL_LOG_LEVEL; default: the server's own default
  --profile    no table, but where the server's threads spend their time; "updates" unless --only bulk or postgres is given
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    'log-level': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const asked = { ...values, only: [...positionals, ...values.only] }
const unknown = asked.only.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
if (asked.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `there is no scenario ${unknown.join(', ')}\n\n${USAGE}` : USAGE)
  process.exit(asked.help ? 0 : 2)
}

const env = asked['log-level'] === undefined ? {} : { SATCHEL_LOG_LEVEL: asked['log-level'] }
const command = ['npm run bench', ...process.argv.slice(2)].join(' ')
const say = (line) => console.log(`    ${line}`)
const machine = machineFacts()
console.log(`${command}\n${machineLine(machine)}\n`)

const startedAt = performance.now()
const generator = startNode(GENERATOR)
const options = { quick: asked.quick, say, generator, env }
if (asked.profile) await profileWanted()
else await measureAll()
await generator.stop()
process.exit(process.exitCode ?? 0)

async function profileWanted() {
  const profiled = SCENARIOS.filter((scenario) => scenario.workloadFor !== undefined)
  const wanted = profiled.filter(({ name }) => (asked.only.length > 0 ? asked.only.includes(name) : name === 'updates'))
  for (const scenario of wanted) {
    console.log(`  ${scenario.name}: ${scenario.title}`)
    console.log(`\n${await profileScenario(scenario, options)}`)
  }
}

async function measureAll() {
  const results = []
  for (const scenario of SCENARIOS) {
    if (asked.only.length > 0 && !asked.only.includes(scenario.name)) continue
    console.log(`  ${scenario.name}: ${scenario.title}`)
    results.push(...(await scenario.run(options)))
  }
  const seconds = (performance.now() - startedAt) / 1_000
  console.log(`\n${tableOf(results)}\n`)
  mkdirSync('.cache', { recursive: true })
  writeFileSync(RESULTS, JSON.stringify({ command, quick: asked.quick, machine, seconds, results }, null, 2))
  const missed = results.filter(({ met }) => met === false).length
  const judged = results.filter(({ met }) => met !== null).length
  console.log(
    `${judged - missed} of ${judged} goals met, in ${seconds.toFixed(0)} s; figures in ${RESULTS}. ` +
      'Load generator, servers and bare loops share this machine.' +
      (asked.quick ? ' A quick run: not to be quoted.' : ''),
  )
}
