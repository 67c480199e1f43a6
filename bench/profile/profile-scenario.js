import { mkdirSync, writeFileSync } from 'node:fs'
import { startWithGuests } from '../seed/prepared-server.js'
import { commitFigures, groupSummary } from './group-size.js'
import { statementSummary } from './statements.js'
import { profileSummary } from './summary.js'

const WARM_UPS = 2

/**
 * Records where each thread of the server spends its time while it takes the updates of a scenario; `start` is for those whose server is not just one
 * on a database of its own.
 */
export async function profileScenario({ name, IDENTITIES, workloadFor, start }, { quick, say, generator, env }) {
  const server = await (start ?? startWithGuests)({ count: IDENTITIES, env, profiled: true, say })
  const { port, pool, identities } = server
  const workload = workloadFor(quick)
  await generator.ask({ call: 'enter', port, pool, identities })
  const prepare = (round) =>
    generator.ask({ call: 'prepareUpdates', name: 'updates', port, workload, identities, round })
  const send = () => generator.ask({ call: 'send', name: 'updates', port })
  for (let round = 0; round < WARM_UPS; round++) {
    await prepare(round)
    await send()
  }
  await prepare(WARM_UPS)
  const before = await commitFigures(port)
  await server.ask({ call: 'start' })
  const { requests, perSecond } = await send()
  const threads = await server.ask({ call: 'stop' })
  const groups = await groupSummary(port, before)
  await server.stop()

  say(`${perSecond.toFixed(0)} updates/s while recording; ${groups}`)
  return threads.map((thread) => report(name, thread, requests)).join('\n\n')
}

function report(name, { thread, profile, statements }, requests) {
  const file = `.cache/${name}-${thread.replace(' ', '-')}.cpuprofile`
  mkdirSync('.cache', { recursive: true })
  writeFileSync(file, JSON.stringify(profile))
  const parts = [profileSummary(profile, requests), statementSummary(statements, requests)]
  return `== ${thread} (${file}, for a browser's developer tools) ==\n\n${parts.join('\n\n')}`
}
