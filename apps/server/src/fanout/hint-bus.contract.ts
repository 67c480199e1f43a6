import { eventually } from '../../../../test/support/eventually.js'
import { CARRIED_BYTES_MAX } from './bus-message.js'
import { MessageSeal } from './message-seal.js'
import { SystemRandom } from '../runtime/random.js'
import type { HintBusParts } from './hint-bus.js'
import { aKeyring, aRecord, BusNode, change, identity, OURS } from './testing/bus-nodes.js'
import type { Wire } from './wire.js'

/** What carries, to be broken at will. */
export type WireHarness = Readonly<{
  wire(): Wire
  /** Ends every connection; others are to be had at once. */
  cut(): Promise<void>
  /** Ends it, with all that it knew. */
  go(): Promise<void>
  back(): Promise<void>
  /** It stands still, and every connection with it. */
  pause(): void
  resume(): void
  /** As anybody who can reach it. */
  publish(channel: string, sealed: Buffer): Promise<void>
  /** Channels that anybody is subscribed to now. */
  channels(): Promise<readonly string[]>
}>

const WITHIN_MS = 20_000
const [ANNA, BEN] = [identity(1), identity(2)]

/** What the bus does over every wire. */
export function hintBusContract(harness: () => WireHarness): void {
  const nodes: BusNode[] = []
  const aNode = async (over: Partial<HintBusParts> = {}): Promise<BusNode> => {
    const node = new BusNode(harness().wire(), over)
    nodes.push(node)
    await node.bus.start(WITHIN_MS)
    return node
  }
  afterEach(async () => {
    harness().resume()
    await Promise.all(nodes.splice(0).map(({ bus }) => bus.close()))
  })

  const until = (holds: () => boolean, what: string) =>
    eventually(() => (holds() ? Promise.resolve() : Promise.reject(new Error(`not yet: ${what}`))), WITHIN_MS)
  const reunited = (...of: BusNode[]) => until(() => of.every(({ bus }) => bus.isUp), 'all are up')

  test('[RD2] a change comes, whole, to every node that listens to its identity and to no other', async () => {
    const [one, two, three] = [await aNode(), await aNode(), await aNode()]
    await Promise.all([two.bus.listen(ANNA), three.bus.listen(BEN)])
    const sent = [change(ANNA, 1, [aRecord('__proto__', 'é\u{1f600}\u2028')]), change(ANNA, 2, [aRecord('k', null)])]
    one.bus.tell([change(BEN, 1), ...sent])
    await until(() => two.counts.length === 2 && three.counts.length === 1, 'both heard')
    expect(two.changes).toEqual(sent)
    expect(three.changes).toEqual([change(BEN, 1)])
    expect(one.changes).toEqual([])
  })

  test('[RD2] a node does not hear what it said itself', async () => {
    const [one, two] = [await aNode(), await aNode()]
    await Promise.all([one.bus.listen(ANNA), two.bus.listen(ANNA)])
    one.bus.tell([change(ANNA, 1)])
    two.bus.tell([change(ANNA, 2)])
    await until(() => one.counts.length > 0 && two.counts.length > 0, 'each heard the other')
    expect([one.counts, two.counts]).toEqual([[2], [1]])
  })

  test('departures, commits of streams and what was missed come to every node', async () => {
    const [one, two] = [await aNode(), await aNode()]
    const before = two.missed.length
    one.bus.departed({ kind: 'identity-gone', identity: ANNA })
    one.bus.departed({ kind: 'pool-gone', pool: ANNA as never })
    for (let commit = 0; commit < 50; commit++) one.bus.streamCommitted()
    await until(() => two.departures.length === 2 && two.streamCommits === 2, 'all was heard')
    expect(two.departures).toEqual([
      { kind: 'identity-gone', identity: ANNA },
      { kind: 'pool-gone', pool: ANNA },
    ])
    expect(two.missed).toHaveLength(before)
    expect([one.departures, one.streamCommits]).toEqual([[], 0])
  })

  test('[RD3] a change that is too large comes without its records', async () => {
    const [one, two] = [await aNode(), await aNode()]
    await two.bus.listen(ANNA)
    const sent = [CARRIED_BYTES_MAX - 1, CARRIED_BYTES_MAX].map((length, index) =>
      change(ANNA, index + 1, [aRecord('k', 'x'.repeat(length))]),
    )
    one.bus.tell(sent)
    await until(() => two.counts.length === 2, 'both were heard')
    expect(two.changes[0]).toEqual(sent[0])
    expect(two.changes[1]).toEqual({ ...sent[1], changed: { ...sent[1]!.changed, records: null } })
  })

  test('[RD4] what nobody of the site sealed for this channel is dropped and counted', async () => {
    const [one, two] = [await aNode(), await aNode()]
    await two.bus.listen(ANNA)
    await two.bus.listen(BEN)
    const random = new SystemRandom()
    const seal = new MessageSeal({ keyring: OURS, random })
    const foreign = new MessageSeal({ keyring: aKeyring(8), random })
    const [anna, ben] = [seal.channelOf(`identity ${ANNA}`), seal.channelOf(`identity ${BEN}`)]
    const of = (who: typeof ANNA) => Buffer.from(JSON.stringify({ kind: 'changed', change: change(who, 9) }))
    const good = seal.close(anna, of(ANNA))
    const bent = Buffer.from(good)
    bent[bent.length - 20]! ^= 1
    const newer = Buffer.from(good)
    newer[0] = 2
    const tried: readonly Buffer[] = [
      ...[Buffer.alloc(0), Buffer.from('hello'), random.bytes(1_000), Buffer.alloc(200_000, 1)],
      ...[bent, newer, good.subarray(0, -1), Buffer.concat([good, Buffer.alloc(1)])],
      foreign.close(anna, of(ANNA)),
      seal.close(ben, of(ANNA)),
      seal.close(anna, of(BEN)),
      seal.close(anna, Buffer.from(JSON.stringify({ kind: 'identity-gone', identity: ANNA }))),
      ...['', 'null', '[]', '{}', '{"kind":"changed"}', '{"kind":"changed","change":{}}', '{"kind":'].map((text) =>
        seal.close(anna, Buffer.from(text)),
      ),
    ]
    for (const sealed of tried) await harness().publish(anna, sealed)
    await until(() => two.refusals.length === tried.length, 'all were refused')
    expect([two.changes, two.departures]).toEqual([[], []])
    await harness().publish(anna, good)
    await until(() => two.counts.length === 1, 'a good one goes through')
    expect(one.refusals).toEqual([])
  })

  test('[RD4] with several master keys the first seals and any opens, so a site hears itself while its key is changed', async () => {
    const [one, two] = [await aNode({ keyring: aKeyring(7, 9) }), await aNode({ keyring: aKeyring(9, 7) })]
    await Promise.all([one.bus.listen(ANNA), two.bus.listen(ANNA)])
    one.bus.tell([change(ANNA, 1)])
    two.bus.tell([change(ANNA, 2)])
    one.bus.departed({ kind: 'identity-gone', identity: BEN })
    await until(() => one.counts.length === 1 && two.counts.length === 1 && two.departures.length === 1, 'each heard')
  })

  test('[RD4] neither an identity nor a value is to be seen on the wire', async () => {
    const heard = await harness().channels()
    const [one, two] = [await aNode(), await aNode()]
    await two.bus.listen(ANNA)
    one.bus.tell([change(ANNA, 1)])
    await until(() => two.counts.length === 1, 'it was heard')
    const names = (await harness().channels()).filter((name) => !heard.includes(name))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(name).toMatch(/^satchel:[\w-]{22}$/)
  })

  test('[RD2] an identity that nobody watches any more is listened to for a while, and then no more', async () => {
    const bounds = { subscriptions: { lingerMs: 300, lingeringMax: 2_000, hearMsMax: 5_000 } }
    const node = await aNode({ bounds })
    const before = (await harness().channels()).length
    await Promise.all([node.bus.listen(ANNA), node.bus.listen(ANNA)])
    node.bus.leave(ANNA)
    expect((await harness().channels()).length).toBe(before + 1)
    node.bus.leave(ANNA)
    expect(node.bus.subscribed).toBe(1)
    await until(() => node.bus.subscribed === 0, 'it was let go')
    await eventually(async () => expect((await harness().channels()).length).toBe(before), WITHIN_MS)
    await node.bus.listen(ANNA)
    const other = await aNode()
    other.bus.tell([change(ANNA, 1)])
    await until(() => node.counts.length === 1, 'it is heard again')
  })

  test('[RD2] 10,000 identities that come and go leave no more subscriptions than may linger', async () => {
    const node = await aNode({ bounds: { subscriptions: { lingerMs: 60_000, lingeringMax: 500, hearMsMax: 5_000 } } })
    let most = 0
    for (let wave = 0; wave < 100; wave++) {
      const some = Array.from({ length: 100 }, (_, index) => identity(1_000 + wave * 100 + index))
      await Promise.all(some.map((one) => node.bus.listen(one)))
      for (const one of some) node.bus.leave(one)
      most = Math.max(most, node.bus.subscribed)
    }
    expect(most).toBeLessThanOrEqual(500 + 100 + 256)
    expect(node.missed.filter((missed) => missed !== null)).toEqual([])
    await until(() => node.bus.subscribed <= 500, 'the rest was let go')
    const other = await aNode()
    await node.bus.listen(ANNA)
    other.bus.tell([change(ANNA, 1)])
    await until(() => node.counts.length === 1, 'it still hears')
  })

  test('[RD5] everything is listened to again after connections were cut, and everybody is told to look', async () => {
    const [one, two] = [await aNode(), await aNode()]
    const many = Array.from({ length: 1_000 }, (_, index) => identity(index + 10))
    await Promise.all(many.map((who) => two.bus.listen(who)))
    for (let round = 1; round <= 3; round++) {
      const [ups, missed] = [two.ups, two.missed.length]
      await harness().cut()
      await until(() => two.ups > ups && two.bus.isUp && one.bus.isUp, 'both are back')
      expect(two.missed.slice(missed)).toContain(null)
      two.changes.length = 0
      one.bus.tell(many.map((who) => change(who, round)))
      await until(() => two.changes.length === many.length, 'all was heard')
    }
  })

  test('[RD5] while nothing carries, messages are dropped and counted; afterwards hints come again by themselves', async () => {
    const [one, two] = [await aNode(), await aNode()]
    await two.bus.listen(ANNA)
    await harness().go()
    await until(() => !one.bus.isUp && !two.bus.isUp, 'both know')
    one.bus.tell([change(ANNA, 1), change(ANNA, 2)])
    expect(one.drops.filter((reason) => reason === 'away')).toHaveLength(2)
    await two.bus.listen(BEN)
    const late = new BusNode(harness().wire())
    nodes.push(late)
    await late.bus.start(5_000)
    expect([late.bus.isUp, late.faults.length]).toEqual([false, 1])
    await harness().back()
    await reunited(one, two, late)
    one.bus.tell([change(ANNA, 3), change(BEN, 1)])
    await until(() => two.counts.length === 2, 'both were heard')
    expect(two.counts).toEqual([3, 1])
  })

  test('[RD3][RD5] what stands still is found out, what is told meanwhile is bounded, and all goes on afterwards', async () => {
    const bounds = { outgoing: { messagesMax: 100, bytesMax: 1_048_576 } }
    const [one, two] = [await aNode({ bounds }), await aNode()]
    await two.bus.listen(ANNA)
    harness().pause()
    for (let count = 1; count <= 1_000; count++) one.bus.tell([change(ANNA, count)])
    expect(one.bus.underway).toBeLessThanOrEqual(101)
    expect(one.drops.filter((reason) => reason === 'full').length).toBeGreaterThanOrEqual(899)
    const [begun, missed] = [performance.now(), two.missed.length]
    await Promise.all([two.bus.listen(BEN), until(() => !one.bus.isUp && !two.bus.isUp, 'both know')])
    expect(performance.now() - begun).toBeLessThan(15_000)
    expect(one.bus.underway).toBe(0)
    harness().resume()
    await reunited(one, two)
    two.changes.length = 0
    one.bus.tell([change(ANNA, 1_001), change(BEN, 1)])
    await until(() => two.counts.includes(1_001) && two.counts.includes(1), 'both were heard')
    expect(two.missed.length).toBeGreaterThan(missed)
  })

  test('[RD3] when more comes than the wire takes, the rest is dropped and counted, and the others are asked to look', async () => {
    const [one, two] = [await aNode({ bounds: { outgoing: { messagesMax: 50, bytesMax: 1_048_576 } } }), await aNode()]
    await two.bus.listen(ANNA)
    const missed = two.missed.length
    one.bus.tell(Array.from({ length: 500 }, (_, index) => change(ANNA, index + 1)))
    expect(one.drops).toEqual(Array.from({ length: 450 }, () => 'full'))
    await until(() => two.missed.length > missed, 'the other was asked')
    expect([two.counts.length, one.bus.underway]).toEqual([50, 0])
    one.bus.tell([change(ANNA, 501)])
    await until(() => two.counts.includes(501), 'it goes on')
  })

  test('nothing is left behind by a bus that was closed, and nothing is heard any more', async () => {
    const before = (await harness().channels()).length
    const [one, two] = [await aNode(), await aNode()]
    await two.bus.listen(ANNA)
    one.bus.tell([change(ANNA, 1)])
    await Promise.all([one.bus.close(), until(() => two.counts.length === 1, 'the last words are said')])
    await two.bus.close()
    await eventually(async () => expect((await harness().channels()).length).toBeLessThanOrEqual(before), WITHIN_MS)
    expect([one.bus.isUp, two.bus.isUp]).toEqual([false, false])
  })
}
