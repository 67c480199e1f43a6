import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import { path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { SeededRandom } from '../../../runtime/testing/seeded-random.js'
import { postgresHarness, postgresHarnessOn, type PostgresHarness } from '../../testing/postgres-harness.js'

const NODES = 5
const WRITERS = 20
/** As many as fit into this time, but no more than are asked for. */
const RACES_MS = 20_000
const RACES_MAX = 10_000
/** Races that are under way at once, each for an identity of its own. */
const AT_ONCE = 100
/** Into which each writer deals them. */
const GROUPS = 3
/** Each writer wants 100 bytes; 7 of 20 fit. */
const LIMITS = { ...AWS_LIMITS, bytesPerDatasetMax: 500, bytesPerIdentityMax: 750 }

describeWithPostgres('writers on several nodes', (postgres) => {
  const random = new SeededRandom(1)
  let nodes: readonly PostgresHarness[]
  beforeAll(async () => {
    const first = await postgresHarness(postgres())
    const others = Array.from({ length: NODES - 1 }, () => postgresHarnessOn(first.url))
    nodes = [first, ...(await Promise.all(others))]
    await first.addPool(POOL)
  })
  afterAll(() => Promise.all(nodes.map((node) => node.close())))

  /** Twenty writers, four on each node, in two datasets of each identity. Answers how many came through, by identity. */
  async function race(identities: readonly IdentityId[]): Promise<readonly number[]> {
    for (const identity of identities) await nodes[0]!.addIdentity(identity, POOL)
    const through = new Map(identities.map((identity) => [identity, 0]))
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, n) => {
        // Groups of many identities each, in any order, as queues of nodes make them.
        for (const group of dealt(identities)) {
          const outcomes = await nodes[n % NODES]!.store.commit(
            group.map((identity) => writeOf(n, identity)),
            LIMITS,
          )
          outcomes.forEach(({ kind }, index) => {
            if (kind === 'accepted') through.set(group[index]!, through.get(group[index]!)! + 1)
          })
        }
      }),
    )
    return [...through.values()]
  }

  const dealt = (identities: readonly IdentityId[]): readonly (readonly IdentityId[])[] => {
    const groups: IdentityId[][] = Array.from({ length: GROUPS }, () => [])
    for (const identity of identities) groups[random.below(GROUPS)]!.splice(random.below(9), 0, identity)
    return groups
  }

  const writeOf = (n: number, identity: IdentityId): DatasetWrite => ({
    kind: 'update',
    path: path(n % 2 === 0 ? 'even' : 'odd', identity),
    batch: [replace(`k${String(n).padStart(2, '0')}`, 'x'.repeat(97))],
    origin: { id: `${identity} ${n}`, number: 0, hash: 'h' },
    device: null,
    at: 1,
    by: 'me',
  })

  test(`[X6] [L9] ${WRITERS} writers on ${NODES} nodes racing for an identity's last bytes take exactly those, time after time`, async () => {
    const until = performance.now() + RACES_MS
    let races = 0
    while (races < RACES_MAX && performance.now() < until) {
      const identities = Array.from({ length: AT_ONCE }, () => `us-east-1:${races++}` as IdentityId)
      expect(await race(identities)).toEqual(identities.map(() => 7))
      const held = await Promise.all(identities.map((identity) => nodes[0]!.store.identityUsage(identity)))
      expect(held.map(({ usage }) => usage)).toEqual(identities.map(() => ({ datasets: 2, records: 7, bytes: 700 })))
    }
    console.info(`${races} races of ${WRITERS} writers`)
    expect(races).toBeGreaterThanOrEqual(100)
    const { usage } = await nodes[0]!.store.poolUsage(POOL)
    expect(usage).toEqual({ datasets: 2 * races, records: 7 * races, bytes: 700 * races })
  })
})
