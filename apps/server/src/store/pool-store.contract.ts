import type { IdentityId } from '@satchel/protocol'
import { NO_SYNC_SETTINGS, type CognitoStreams } from '../domain/sync-settings.js'
import { aPool } from './testing/a-pool.js'
import type { IdentityStores } from './testing/identity-stores.js'

/** What every adapter of {@link PoolStore} must do. */
export function poolStoreContract(open: () => Promise<IdentityStores>): void {
  let stores: IdentityStores

  beforeEach(async () => {
    stores = await open()
  })
  afterEach(() => stores.close())

  const FULL = aPool(
    1,
    {
      allowClassicFlow: false,
      developerProvider: 'login.example.com',
      supportedLoginProviders: new Map([['__proto__', '1']]),
      openIdConnectProviderArns: ['arn:aws:iam::1:oidc-provider/x'],
      cognitoIdentityProviders: [{ ProviderName: 'p', ClientId: 'c', ServerSideTokenCheck: true }],
      samlProviderArns: ['arn:aws:iam::1:saml-provider/x'],
      tags: new Map([
        ['constructor', ''],
        ['stage', 'prod'],
      ]),
    },
    {
      authenticated: 'arn:a',
      unauthenticated: null,
      mappings: new Map([['__proto__', { Type: 'Token', AmbiguousRoleResolution: 'Deny' }]]),
    },
  )

  test('[I4] a pool comes back as it was stored, with whatever keys its maps have', async () => {
    await stores.pools.create(FULL)
    expect(await stores.pools.find(FULL.pool)).toEqual(FULL)
    expect(await stores.pools.find(aPool(2).pool)).toBeNull()
  })

  test('[I4] a change is shown what is held, and what it answers is stored', async () => {
    await stores.pools.create(aPool(1))
    const changed = { ...FULL, modifiedAt: 9_000 }
    const outcome = await stores.pools.update(FULL.pool, (held) => {
      expect(held).toEqual(aPool(1))
      return { ...changed, createdAt: 1 }
    })
    expect(outcome).toEqual({ kind: 'stored', pool: changed })
    expect(await stores.pools.find(FULL.pool)).toEqual(changed)
  })

  test('[I3] a change that declines leaves the pool alone, and one of nothing finds nothing', async () => {
    await stores.pools.create(FULL)
    expect(await stores.pools.update(FULL.pool, () => null)).toEqual({ kind: 'declined', pool: FULL })
    expect(await stores.pools.find(FULL.pool)).toEqual(FULL)
    expect(await stores.pools.update(aPool(2).pool, (held) => held)).toEqual({ kind: 'missing' })
  })

  test('[I4] a change keeps the settings of the sync store', async () => {
    await stores.pools.create(FULL)
    const settings = { pushSync: null, cognitoStreams: null, events: { SyncTrigger: 'arn:f' } }
    expect(await stores.pools.changeSyncSettings(FULL.pool, () => settings)).toEqual(settings)
    await stores.pools.update(FULL.pool, (held) => ({ ...held, modifiedAt: 1 }))
    expect(await stores.pools.syncSettings(FULL.pool)).toEqual(settings)
  })

  test('[I2] settings of the sync store start empty, and a missing pool has none', async () => {
    await stores.pools.create(aPool(1))
    const nothing = { pushSync: null, cognitoStreams: null, events: {} }
    expect(await stores.pools.syncSettings(aPool(1).pool)).toEqual(nothing)
    expect(await stores.pools.syncSettings(aPool(2).pool)).toBeNull()
    expect(await stores.pools.changeSyncSettings(aPool(2).pool, () => nothing)).toBeNull()
  })

  test('[MV5] of changes to the settings of the sync store at once, none undoes another', async () => {
    await stores.pools.create(aPool(1))
    const { pool } = aPool(1)
    const names = Array.from({ length: 20 }, (_, n) => `event-${n}`)
    const changes = names.map((name) =>
      stores.pools.changeSyncSettings(pool, (held) => ({ ...held, events: { ...held.events, [name]: 'arn:f' } })),
    )
    expect((await Promise.all(changes)).map((held) => Object.keys(held!.events).length).sort((a, b) => a - b)).toEqual(
      names.map((_, n) => n + 1),
    )
    expect(Object.keys((await stores.pools.syncSettings(pool))!.events).sort()).toEqual([...names].sort())
  })

  test('[MV5] a change that throws leaves the settings as they were, and its own words', async () => {
    await stores.pools.create(aPool(1))
    const { pool } = aPool(1)
    await stores.pools.changeSyncSettings(pool, (held) => ({ ...held, events: { SyncTrigger: 'arn:f' } }))
    const refusal = new Error('the topic is no good')
    const thrown = stores.pools.changeSyncSettings(pool, () => {
      throw refusal
    })
    await expect(thrown).rejects.toBe(refusal)
    expect(await stores.pools.syncSettings(pool)).toMatchObject({ events: { SyncTrigger: 'arn:f' } })
  })

  test('[V2] pools are told to stream exactly while their stream is enabled and its topic was found', async () => {
    for (const n of [1, 2, 3]) await stores.pools.create(aPool(n))
    const target = { streamName: 'changes', partitions: 3, begun: 5, payloadBytesMax: 900 }
    const streams = {
      streamName: 'changes',
      roleArn: 'arn:r',
      disabledReason: null,
      streamingStatus: 'ENABLED',
      target,
    } as const
    const set = (n: number, cognitoStreams: CognitoStreams | null) =>
      stores.pools.changeSyncSettings(aPool(n).pool, () => ({ ...NO_SYNC_SETTINGS, cognitoStreams }))
    await set(3, streams)
    await set(1, { ...streams, target: { ...target, streamName: 'other' } })
    await set(2, { ...streams, target: null })
    expect(await stores.pools.streaming()).toEqual([
      { pool: aPool(1).pool, streamName: 'other' },
      { pool: aPool(3).pool, streamName: 'changes' },
    ])
    await stores.pools.update(aPool(3).pool, (held) => ({ ...held, modifiedAt: 7 }))
    await set(1, { ...streams, streamingStatus: 'DISABLED', disabledReason: 'the topic is gone' })
    expect(await stores.pools.syncSettings(aPool(1).pool)).toMatchObject({
      cognitoStreams: { streamingStatus: 'DISABLED', disabledReason: 'the topic is gone', target },
    })
    expect(await stores.pools.streaming()).toEqual([{ pool: aPool(3).pool, streamName: 'changes' }])
    await set(3, null)
    expect(await stores.pools.streaming()).toEqual([])
  })

  test('[I14] pools are listed by id, page by page', async () => {
    for (const n of [3, 1, 2]) await stores.pools.create(aPool(n))
    const first = await stores.pools.list({ after: '', limit: 2 })
    expect(first).toEqual([aPool(1), aPool(2)])
    expect(await stores.pools.list({ after: first[1]!.pool, limit: 2 })).toEqual([aPool(3)])
  })

  test('[I28] a name finds its oldest pool, exactly, and is otherwise made into one', async () => {
    await stores.pools.create({ ...aPool(1, { name: 'demo' }), createdAt: 5 })
    await stores.pools.create({ ...aPool(2, { name: 'demo' }), createdAt: 4 })
    expect((await stores.pools.findOrCreateByName(aPool(3, { name: 'demo' }))).pool).toBe(aPool(2).pool)
    expect((await stores.pools.findOrCreateByName(aPool(4, { name: 'Demo' }))).pool).toBe(aPool(4).pool)
    expect(await stores.pools.find(aPool(3).pool)).toBeNull()
  })

  test('[I28] a name wanted by many at once is one pool', async () => {
    const wanted = Array.from({ length: 9 }, (_, n) => stores.pools.findOrCreateByName(aPool(n, { name: 'demo' })))
    expect(new Set((await Promise.all(wanted)).map(({ pool }) => pool)).size).toBe(1)
    expect(await stores.pools.list({ after: '', limit: 60 })).toHaveLength(1)
  })

  test('[I5] a deleted pool is gone once, and its identities with it', async () => {
    const { pool } = aPool(1)
    const identity = 'us-east-1:a' as IdentityId
    await stores.pools.create(aPool(1))
    await stores.identities.createGuest({ identity, pool, at: 1 })
    expect(await stores.pools.delete(pool, 2)).toBe(true)
    expect(await stores.pools.delete(pool, 2)).toBe(false)
    expect(await stores.pools.find(pool)).toBeNull()
    expect(await stores.identities.find(identity)).toBeNull()
    expect(await stores.identities.isActive(identity, pool)).toBe(false)
    expect(await stores.identities.list(pool, { after: '', limit: 9, hideDisabled: false })).toEqual([])
  })
}
