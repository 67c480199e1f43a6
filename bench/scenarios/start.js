import { startEcho } from '../process/floor.js'
import { residentMiB } from '../process/resources.js'
import { startSatchel } from '../process/satchel.js'
import { atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'

export const name = 'start'
export const title = 'start to ready against a bare Nest application, and idle memory'

const IDLE_MS = 3_000
const STEADY_MIB = 0.5
const LOOK_EVERY_MS = 250
const LOOKS_MAX = 80

/** From spawn to the first good answer, in turn; the data directory was made by a start before. */
export async function run({ quick, say, env }) {
  const rounds = quick ? 5 : 9
  const first = await startSatchel({ env })
  await first.stop()
  const starts = { satchel: () => startSatchel({ dataDir: first.dataDir, env }), echo: startEcho }

  const times = { satchel: [], echo: [] }
  const memory = { satchel: [], echo: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const [who, start] of Object.entries(starts)) {
      const startedAt = performance.now()
      const process = await start()
      const seconds = (performance.now() - startedAt) / 1_000
      const restsToo = round > rounds - 2
      const resident = restsToo ? await idleMiB(process.pid) : null
      await process.stop()
      if (round === 0) continue // brings the files into the system's cache
      times[who].push(seconds)
      if (resident !== null) memory[who].push(resident)
    }
    if (round > 0)
      say(`round ${round}: ${times.satchel.at(-1).toFixed(2)} s, bare Nest ${times.echo.at(-1).toFixed(2)} s`)
  }
  return [
    result({
      name: 'start',
      title: 'start to ready',
      unit: '× bare Nest on Fastify',
      rounds: times.satchel.map((seconds, at) => seconds / times.echo[at]),
      goal: atMost(1.3),
      notes: [`Satchel ${median(times.satchel).toFixed(3)} s, bare Nest ${median(times.echo).toFixed(3)} s`],
    }),
    result({
      name: 'memory',
      title: 'resident memory when idle',
      unit: 'MiB',
      rounds: memory.satchel,
      goal: atMost(150),
      notes: [`bare Nest ${median(memory.echo).toFixed(0)} MiB`],
    }),
  ]
}

/** Resident memory once it has not moved for a while after the process has been left alone. */
async function idleMiB(pid) {
  await pause(IDLE_MS)
  let last = residentMiB(pid)
  for (let look = 0, steady = 0; look < LOOKS_MAX && steady < 4; look++) {
    await pause(LOOK_EVERY_MS)
    const now = residentMiB(pid)
    steady = Math.abs(now - last) < STEADY_MIB ? steady + 1 : 0
    last = now
  }
  return last
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
