import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { judgeSignIn } from '../../../domain/linking.js'
import { path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { aPool } from '../../testing/a-pool.js'
import { threeNodes } from '../../testing/three-nodes.js'

const RACES = 1_000

const id = (name: string): IdentityId => `us-east-1:${name}` as IdentityId

/** What only shows where several nodes, with connections of their own, are at one database. */
describeWithPostgres('identities and pools at several nodes of one PostgreSQL', (postgres) => {
  const site = threeNodes(postgres)
  const { onEach } = site

  test(`[X25] two logins that claim one guest at once on several nodes: one gets it, ${RACES} times`, async () => {
    const race = async (n: number): Promise<string> => {
      const named = id(`guest-${n}`)
      await site.nodes[0]!.identities.createGuest({ identity: named, pool: POOL, at: 1 })
      const outcomes = await onEach((node, at) => {
        const login = { provider: 'login.example.com', userId: `user-${n}-${at}` }
        return node.identities.signIn({ pool: POOL, login, named, fresh: id('none'), at: 2 }, judgeSignIn)
      })
      const { logins } = (await site.nodes[1]!.identities.find(named))!
      return [...outcomes.map((o) => (o.kind === 'refused' ? o.why : o.kind)).sort(), logins.length].join()
    }
    const ended = new Map<string, number>()
    for (let n = 0; n < RACES; n += 10) {
      for (const outcome of await Promise.all(Array.from({ length: 10 }, (_, more) => race(n + more)))) {
        ended.set(outcome, (ended.get(outcome) ?? 0) + 1)
      }
    }
    expect([...ended]).toEqual([['linked,logins-do-not-match,logins-do-not-match,1', RACES]])
  })

  test(`[X25] one user who signs in at once on several nodes is one identity, ${RACES} times`, async () => {
    const race = async (n: number): Promise<void> => {
      const login = { provider: 'login.example.com', userId: `user-${n}` }
      const outcomes = await onEach((node, at) =>
        node.identities.signIn({ pool: POOL, login, named: null, fresh: id(`${n}-${at}`), at: 2 }, judgeSignIn),
      )
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['created', 'used', 'used'])
      expect(new Set(outcomes.map((o) => (o.kind === 'refused' ? null : o.identity.identity))).size).toBe(1)
    }
    for (let n = 0; n < RACES; n += 10) await Promise.all(Array.from({ length: 10 }, (_, more) => race(n + more)))
    expect(await site.nodes[0]!.figures()).toMatchObject({ identities: RACES })
  })

  test('[X25] a name that several nodes want at once is one pool, and their first signing key is one', async () => {
    for (let n = 0; n < 50; n++) {
      const wanted = await onEach((node, at) => {
        const pool = `us-east-1:${n}-${at}` as typeof POOL
        return node.pools.findOrCreateByName({ ...aPool(2, { name: `demo ${n}` }), pool })
      })
      expect(new Set(wanted.map(({ pool }) => pool)).size).toBe(1)
    }
    const key = { publicJwk: '{}', closedPrivateKey: 'x', createdAt: 1, signsFrom: 1, closedUnder: null }
    const kept = await onEach((node, at) => node.signingKeys.addFirst({ ...key, kid: `${at}` }))
    expect(kept.map((keys) => keys.length)).toEqual([1, 1, 1])
    expect(new Set(kept.map(([first]) => first!.kid)).size).toBe(1)
  })

  test(`[MV5] settings of a pool that several nodes change at once keep every change, ${RACES} times`, async () => {
    for (let n = 0; n < RACES; n += 3) {
      await onEach((node, at) =>
        node.pools.changeSyncSettings(POOL, (held) => ({
          ...held,
          events: { ...held.events, [`e${n + at}`]: 'arn:f' },
        })),
      )
    }
    expect(Object.keys((await site.nodes[0]!.pools.syncSettings(POOL))!.events)).toHaveLength(RACES + 2)
  })

  test('[MV5] settings of a pool itself that several nodes change at once keep every change', async () => {
    for (let n = 0; n < 100; n++) {
      await onEach((node, at) =>
        node.pools.update(POOL, (held) => {
          const tags = new Map([...held.settings.tags, [`t${n}-${at}`, '']])
          return { ...held, settings: { ...held.settings, tags } }
        }),
      )
    }
    expect((await site.nodes[0]!.pools.find(POOL))!.settings.tags.size).toBe(300)
  })

  test('[MV8] once an identity is disabled or deleted at one node, no other node takes a write of it, whatever it saw just before', async () => {
    for (let n = 0; n < 100; n++) {
      const named = id(`leaving-${n}`)
      const where = { ...path(), identity: named }
      await site.nodes[0]!.identities.createGuest({ identity: named, pool: POOL, at: 1 })
      let gone = false
      const writing = site.nodes.slice(1).map(async (node, at) => {
        for (let more = 0, after = 0; after < 3; more++) {
          const begunGone = gone
          if (begunGone) after++
          else await node.identities.isActive(named, POOL)
          const origin = { id: `${n}-${at}-${more}`, number: 0, hash: 'h' }
          const batch = [replace(`k${at}-${more}`, 'v')]
          const write = { kind: 'update', path: where, batch, origin, device: null, at: 1, by: 'me' } as const
          const [outcome] = await node.datasets.commit([write], AWS_LIMITS)
          if (begunGone) expect(outcome!.kind).toBe('no-identity')
        }
      })
      if (n % 2 === 0) await site.nodes[0]!.identities.disable(named, 2)
      else await site.nodes[0]!.identities.delete([named], 2)
      gone = true
      await Promise.all(writing)
    }
  })
})
