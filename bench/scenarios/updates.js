import { startEcho } from '../process/floor.js'
import { cpuSeconds } from '../process/resources.js'
import { atLeast, result } from '../report/result.js'
import { inRounds } from '../report/rounds.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startForGenerator } from '../seed/prepared-server.js'

export const name = 'updates'
export const title = 'signed UpdateRecords of one patch, durable, against a bare Nest-on-Fastify echo'

export const IDENTITIES = 1_000

export const workloadFor = (quick) => ({
  dataset: 'settings',
  connections: 64,
  updatesPerConnection: quick ? 100 : 300,
  patches: 1,
  keysPerDataset: 8,
  valueBytes: 200,
})

/** Each round sends the same updates to Satchel, to an echo, and their bodies alone to the echo, another first each time. */
export async function run({ quick, say, generator, env }) {
  const workload = workloadFor(quick)
  const server = await startForGenerator(generator, { count: IDENTITIES, env })
  const { port, identities } = server
  const echo = await startEcho()
  const measure = async (round) => {
    await generator.ask({ call: 'prepareUpdates', name: 'updates', port, workload, identities, round })
    await generator.ask({ call: 'prepareBodies', name: 'bodies', from: 'updates', port: echo.port })
    const sends = [
      ['satchel', () => measured(generator, server, 'updates')],
      ['echo', () => measured(generator, echo, 'updates')],
      ['bare', () => measured(generator, echo, 'bodies')],
    ]
    const one = {}
    for (const [kind, send] of [...sends, ...sends].slice(round % 3, (round % 3) + 3)) one[kind] = await send()
    return one
  }
  const line = ({ satchel, echo: echoed }) =>
    `${grouped(satchel.perSecond)} updates/s, echo ${grouped(echoed.perSecond)}/s`
  const runs = await inRounds({ quick, say }, { measure, line })
  for (const forgotten of ['updates', 'bodies']) await generator.ask({ call: 'forget', name: forgotten })
  await server.stop()
  await echo.stop()

  const ratios = (of) => runs.satchel.map(({ perSecond }, at) => perSecond / runs[of][at].perSecond)
  return [
    result({
      name: 'updates',
      title: `UpdateRecords of 1 patch, ${workload.connections} connections, ${grouped(IDENTITIES)} identities`,
      unit: '× echo of the same requests',
      rounds: ratios('echo'),
      goal: atLeast(0.5),
      notes: [summary('Satchel', runs.satchel), summary('echo   ', runs.echo)],
    }),
    result({
      name: 'updates-bare',
      title: 'the same against an echo of the bodies alone, without signature and headers',
      unit: '× echo of the bodies',
      rounds: ratios('bare'),
      notes: [summary('echo   ', runs.bare)],
    }),
  ]
}

/** Sends what was prepared to a server, with the processor time it took there. */
async function measured(generator, { port, pid }, prepared) {
  const before = cpuSeconds(pid)
  const figures = await generator.ask({ call: 'send', name: prepared, port })
  return { ...figures, serverCpuMicroseconds: ((cpuSeconds(pid) - before) * 1e6) / figures.requests }
}

function summary(who, runs) {
  const of = (member) => median(runs.map((figures) => figures[member]))
  return (
    `${who} ${grouped(of('perSecond')).padStart(7)}/s, p50 ${of('p50').toFixed(2)} ms, p99 ${of('p99').toFixed(2)} ms, ` +
    `${of('serverCpuMicroseconds').toFixed(0)} µs of processor time each; generator ${(of('generatorLoad') * 100).toFixed(0)} % of a core`
  )
}
