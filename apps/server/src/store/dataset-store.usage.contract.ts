import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import type { FreshDatasets } from './testing/fresh-datasets.js'

/** What the figures of usage must be, and that limits hold. */
export function usageContract(on: FreshDatasets): void {
  const { update, commit, write } = on

  test('[L9] writers racing for the last bytes never pass a limit', async () => {
    const limits = { ...AWS_LIMITS, bytesPerDatasetMax: 1_000, bytesPerIdentityMax: 1_500 }
    const groups = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        commit(
          [update([replace(`k${String(n).padStart(2, '0')}`, 'x'.repeat(97))], path(n % 2 ? 'odd' : 'even'))],
          limits,
        ),
      ),
    )
    expect(groups.flat().filter(({ kind }) => kind === 'accepted')).toHaveLength(15)
    const { usage } = await on.store.identityUsage(IDENTITY)
    expect(usage).toEqual({ datasets: 2, records: 15, bytes: 1_500 })
  })

  test('[U1] usage is what the records add up to: per dataset, identity and pool', async () => {
    await write(replace('a', '12345'), replace('b', '1'))
    await commit([
      update([replace('ключ', '値')], path('other')),
      update([replace('x', 'y')], path('d', OTHER_IDENTITY)),
    ])
    await write(remove('b', 1), replace('a', '1', 1))
    expect(await on.store.identityUsage(IDENTITY)).toEqual({
      usage: { datasets: 2, records: 2, bytes: 2 + 11 },
      modifiedAt: 1_000,
    })
    expect(await on.store.poolUsage(POOL)).toEqual({
      pool: POOL,
      usage: { datasets: 3, records: 3, bytes: 2 + 11 + 2 },
      syncSessions: 0,
      modifiedAt: 1_000,
    })
    expect(await on.store.identityUsage('us-east-1:00' as IdentityId)).toMatchObject({
      usage: { datasets: 0 },
      modifiedAt: 0,
    })
  })

  test('[U2] sync sessions add up per pool', async () => {
    await on.store.addSyncSessions(new Map([[POOL, 3]]))
    await on.store.addSyncSessions(new Map([[POOL, 4]]))
    expect(await on.store.poolUsage(POOL)).toMatchObject({ syncSessions: 7 })
    expect(await on.store.poolUsage(OTHER_POOL)).toMatchObject({ syncSessions: 0 })
  })
}
