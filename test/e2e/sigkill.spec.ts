import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aPool, guestsNamed } from '../support/a-pool.js'
import { Clients, send } from '../support/killed-server/clients.js'
import { editor, greeter, maker } from '../support/killed-server/editing.js'
import { forgetGuests, repeatAnswered, settle, verify } from '../support/killed-server/verifying.js'
import { RUN_SEED, Seeded } from '../support/seeded.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { deviceAt, replace } from '../support/wire-client.js'

const KILLS = 32
const LOAD_MS_MIN = 20
const LOAD_MS_MAX = 200

const dataDir = mkdtempSync(join(tmpdir(), 'satchel-kill-'))
let server: RunningServer

afterAll(async () => {
  await server.kill()
  rmSync(dataDir, { recursive: true })
})

test(`[W9] [C2] [C3] [S4] [L9] [U1] ${KILLS} SIGKILLs under load lose nothing that was acknowledged and do nothing twice`, async () => {
  console.info(`the seed of this run is ${RUN_SEED}; SATCHEL_E2E_SEED=${RUN_SEED} gives it again`)
  const chance = new Seeded(RUN_SEED)
  server = await startServer({ dataDir, settings: { SATCHEL_LOG_LEVEL: 'warn' } })
  const pool = await aPool(server)
  const { ada, ben, cleo, dora, eve } = await guestsNamed(server, pool, ['ada', 'ben', 'cleo', 'dora', 'eve'])
  const clients = new Clients()
  // A few short of the limit of records, so that editors race for the last place.
  const many = Array.from({ length: 1_020 }, (_, n) => replace(`held-${n}`, 'x'))
  const first = await deviceAt(server, cleo).list('full')
  await send(server, clients, { who: cleo, dataset: 'full', token: first.SyncSessionToken, patches: many })

  for (let kill = 0; kill < KILLS; kill++) {
    const load = [
      editor(server, clients, { who: ada, dataset: 'alone', keys: 6, chance: chance.fork() }),
      ...[1, 2].map(() => editor(server, clients, { who: ben, dataset: 'raced', keys: 12, chance: chance.fork() })),
      ...[1, 2].map(() =>
        editor(server, clients, { who: cleo, dataset: 'full', keys: 9, since: 1, chance: chance.fork() }),
      ),
      maker(server, clients, { who: dora, chance: chance.fork() }),
      maker(server, clients, { who: eve, chance: chance.fork() }),
      greeter(server, clients, { pool, chance: chance.fork() }),
    ]
    const moment = chance.from(LOAD_MS_MIN, LOAD_MS_MAX)
    const killed = new Promise((resolve) => setTimeout(resolve, moment)).then(() => server.kill())
    await Promise.all([killed, ...load])
    server = await server.restart()
    await settle(server, clients)
    await verify(server, clients, pool)
    await repeatAnswered(server, clients)
    clients.answered.clear()
    forgetGuests(clients)
  }

  const { seen } = clients
  console.info(`over ${KILLS} lives: ${JSON.stringify(seen)}`)
  expect(seen.updates).toBeGreaterThan(KILLS)
  for (const [what, times] of Object.entries(seen)) expect([what, times > 0]).toEqual([what, true])
  expect((await server.stop()).code).toBe(0)
}, 600_000)
