import { fileURLToPath } from 'node:url'
import { startNode } from '../process/child.js'
import { startRelay } from '../process/relay.js'
import { residentMiB } from '../process/resources.js'
import { startSatchel } from '../process/satchel.js'
import { atLeast, atMost, result } from '../report/result.js'
import { createGuestPool } from '../seed/pool.js'
import { guestToken } from '../live/guest-token.js'

export const name = 'idle'
export const title = 'idle sockets held, and what each costs the server'

const SOCKETS = fileURLToPath(new URL('../live/idle-sockets.js', import.meta.url))
const REST_MS = 4_000
const IDENTITIES = 50

export async function run({ quick, say, env }) {
  const count = quick ? 500 : 5_000
  const costs = { satchel: [], relay: [] }
  let held = count
  for (let time = 1; time <= (quick ? 1 : 3); time++) {
    for (const who of ['relay', 'satchel']) {
      const { child, url, auths } = await start[who](env)
      const together = 20
      const warm = startNode(SOCKETS)
      await warm.ask({ call: 'open', url, auths, count: 200, together })
      await warm.stop()
      const before = await restingMiB(child.pid)
      const sockets = startNode(SOCKETS)
      await sockets.ask({ call: 'open', url, auths, count, together })
      const after = await restingMiB(child.pid)
      held = Math.min(held, await sockets.ask({ call: 'connected' }))
      costs[who].push(((after - before) * 1_024) / count)
      await sockets.stop()
      await child.stop()
    }
    say(`round ${time}: ${costs.satchel.at(-1).toFixed(1)} KiB a socket, relay ${costs.relay.at(-1).toFixed(1)} KiB`)
  }
  return [
    result({
      name: 'idle-memory',
      title: "the server's memory for each idle socket, above the relay's",
      unit: 'KiB',
      rounds: costs.satchel.map((kib, at) => kib - costs.relay[at]),
      goal: atMost(25),
      notes: [
        `Satchel ${costs.satchel.map((kib) => kib.toFixed(1)).join(', ')}; relay ${costs.relay.map((kib) => kib.toFixed(1)).join(', ')} KiB`,
      ],
    }),
    result({ name: 'idle-held', title: 'idle sockets held', unit: 'sockets', rounds: [held], goal: atLeast(count) }),
  ]
}

const start = {
  async relay() {
    const child = await startRelay()
    const auths = Array.from({ length: IDENTITIES }, (_, at) => ({ identity: `identity-${at}` }))
    return { child, url: `http://127.0.0.1:${child.port}`, auths }
  },
  async satchel(env) {
    const child = await startSatchel({ env: { SATCHEL_SOCKETS_PER_ADDRESS: '8000', ...env } })
    const pool = await createGuestPool(child)
    const url = `http://127.0.0.1:${child.port}`
    const auths = []
    for (let at = 0; at < IDENTITIES; at++) auths.push({ protocols: [1], token: await guestToken(url, pool) })
    return { child, url, auths }
  },
}

async function restingMiB(pid) {
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
  return residentMiB(pid)
}
