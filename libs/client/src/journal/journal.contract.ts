import type { DatasetName, RecordKey, SyncCount } from '@satchel/protocol'
import type { Group } from './entry.js'
import { type Journal, JournalFault, type JournalFaultKind, type Recovered } from './journal.js'

/** One store, with as many journals on it as a test opens. */
export type JournalHarness = Readonly<{
  /** A journal of its own on the store, as another tab or a later process would open it. */
  open(): Journal
  /** Whether several journals may have the store open at once. */
  shared: boolean
  /** Takes the store away, as an eviction does. */
  lose(): Promise<void>
  close(): Promise<void>
}>

/** A group that writes one key. */
export const groupOf = (key: string, value: string | null = 'value'): Group => [
  {
    kind: 'edit',
    dataset: 'prefs' as DatasetName,
    edits: [{ key: key as RecordKey, value, base: 0 as SyncCount, at: 1 }],
  },
]

export const snapshotOf = (through: number, size = 10): { through: number; bytes: Uint8Array } => ({
  through,
  bytes: Uint8Array.from({ length: size }, (_, at) => (at * 31 + through) & 255),
})

/** A snapshot as text, which is compared a thousand times faster than bytes are. */
export const textOf = (snapshot: Recovered['snapshot']): string =>
  snapshot ? `${snapshot.through}: ${Buffer.from(snapshot.bytes).toString('latin1')}` : 'none'

export async function faultOf(call: Promise<unknown>): Promise<JournalFaultKind> {
  const error = await call.then(
    () => new Error('it was done'),
    (refused: unknown) => refused,
  )
  if (error instanceof JournalFault) return error.kind
  throw error
}

/** What every adapter of {@link Journal} must do. */
export function journalContract(make: () => Promise<JournalHarness>): void {
  let harness: JournalHarness
  let journal: Journal
  beforeEach(async () => {
    harness = await make()
    journal = harness.open()
  })
  afterEach(() => harness.close())

  /** What somebody finds who opens the store once this journal has let go of it. */
  const reopened = async () => {
    await journal.close()
    journal = harness.open()
    return journal.recover()
  }

  test('[NC1] a store that never was is empty', async () => {
    expect(await journal.recover()).toEqual({ snapshot: null, groups: [], damage: null })
    expect(await journal.readAfter(0)).toEqual([])
  })

  test('[NC1] an appended group is there for whoever opens the store later, whole and at its place', async () => {
    await journal.recover()
    expect(await journal.append(groupOf('theme', 'dark'), null)).toBe(1)
    expect(await journal.append([...groupOf('a'), ...groupOf('b')], null)).toBe(2)
    const { groups } = await reopened()
    expect(groups).toEqual([
      { place: 1, group: groupOf('theme', 'dark') },
      { place: 2, group: [...groupOf('a'), ...groupOf('b')] },
    ])
  })

  test('[NC1] every text comes back as it was', async () => {
    await journal.recover()
    const texts = ['', '__proto__', '\u0000', '"\\\n\u2028', 'ä\u0308😀', 'x'.repeat(100_000), '\u00f5\u00f5']
    for (const text of texts) await journal.append(groupOf(text, text), null)
    const { groups } = await reopened()
    expect(groups.map(({ group }) => group)).toEqual(texts.map((text) => groupOf(text, text)))
  })

  test('[NC1] what happens to a group after it was appended does not reach the journal', async () => {
    await journal.recover()
    const entries = [...groupOf('theme')]
    const appended = journal.append(entries, null)
    entries.pop()
    await appended
    expect(await journal.readAfter(0)).toEqual([{ place: 1, group: groupOf('theme') }])
  })

  test('[NC2] groups that are appended without waiting take their places in the order of the calls', async () => {
    await journal.recover()
    const keys = Array.from({ length: 50 }, (_, at) => `key ${at}`)
    const places = await Promise.all(keys.map((key) => journal.append(groupOf(key), null)))
    expect(places).toEqual(keys.map((_, at) => at + 1))
    expect((await journal.readAfter(10)).map(({ group }) => group)).toEqual(keys.slice(10).map((key) => groupOf(key)))
  })

  test('[NC2] a place is given out once, also after its group went into a snapshot', async () => {
    await journal.recover()
    for (const key of ['a', 'b', 'c']) await journal.append(groupOf(key), null)
    await journal.compact(snapshotOf(3), null)
    expect(await reopened()).toEqual({ snapshot: snapshotOf(3), groups: [], damage: null })
    expect(await journal.append(groupOf('d'), null)).toBe(4)
  })

  test('[NC3] terms rise, over every opening', async () => {
    await journal.recover()
    expect(await journal.takeTerm()).toBe(1)
    expect(await journal.takeTerm()).toBe(2)
    await reopened()
    expect(await journal.takeTerm()).toBe(3)
  })

  test('[NC3] who holds a term that has ended writes nothing', async () => {
    await journal.recover()
    const old = await journal.takeTerm()
    await journal.append(groupOf('a'), old)
    const now = await journal.takeTerm()
    expect(await faultOf(journal.append(groupOf('b'), old))).toBe('fenced')
    expect(await faultOf(journal.compact(snapshotOf(1), old))).toBe('fenced')
    expect(await journal.append(groupOf('c'), now)).toBe(2)
    const { snapshot, groups } = await reopened()
    expect(snapshot).toBeNull()
    expect(groups.map(({ group }) => group)).toEqual([groupOf('a'), groupOf('c')])
  })

  test('[NC3] who claims no term is never fenced', async () => {
    await journal.recover()
    await journal.takeTerm()
    expect(await journal.append(groupOf('a'), null)).toBe(1)
  })

  test('[NC4] a snapshot stands for its groups, and later groups stay', async () => {
    await journal.recover()
    for (const key of ['a', 'b', 'c', 'd']) await journal.append(groupOf(key), null)
    await journal.compact(snapshotOf(3), await journal.takeTerm())
    await journal.append(groupOf('e'), null)
    expect(await reopened()).toEqual({
      snapshot: snapshotOf(3),
      groups: [
        { place: 4, group: groupOf('d') },
        { place: 5, group: groupOf('e') },
      ],
      damage: null,
    })
  })

  test.each([0, 1, 61_440, 61_441, 300_000])('[NC4] a snapshot of %i bytes comes back as it was', async (size) => {
    await journal.recover()
    await journal.append(groupOf('a'), null)
    await journal.compact(snapshotOf(1, size), null)
    await journal.append(groupOf('b'), null)
    await journal.compact(snapshotOf(2, size), null)
    expect(textOf((await reopened()).snapshot)).toBe(textOf(snapshotOf(2, size)))
  })

  test('[NC4] groups that are appended while a snapshot is written are kept', async () => {
    await journal.recover()
    for (const key of ['a', 'b']) await journal.append(groupOf(key), null)
    const [, ...places] = await Promise.all([
      journal.compact(snapshotOf(2, 200_000), null),
      ...['c', 'd', 'e', 'f'].map((key) => journal.append(groupOf(key), null)),
    ])
    expect(places).toEqual([3, 4, 5, 6])
    const { snapshot, groups } = await reopened()
    expect(snapshot?.through).toBe(2)
    expect(groups.map(({ group }) => group)).toEqual(['c', 'd', 'e', 'f'].map((key) => groupOf(key)))
  })

  test('[NC4] of two snapshots the one that knows more stays, whichever is stored last', async () => {
    await journal.recover()
    for (const key of ['a', 'b', 'c']) await journal.append(groupOf(key), null)
    await Promise.all([journal.compact(snapshotOf(3), null), journal.compact(snapshotOf(2), null)])
    await journal.compact(snapshotOf(1), null)
    expect(await reopened()).toEqual({ snapshot: snapshotOf(3), groups: [], damage: null })
  })

  test('[NC4] groups that a snapshot replaced cannot be asked for; recovering anew goes on', async () => {
    await journal.recover()
    for (const key of ['a', 'b', 'c']) await journal.append(groupOf(key), null)
    await journal.compact(snapshotOf(2), null)
    expect(await faultOf(journal.readAfter(1))).toBe('unavailable')
    expect(await journal.readAfter(2)).toEqual([{ place: 3, group: groupOf('c') }])
    expect(await journal.recover()).toMatchObject({ snapshot: { through: 2 }, groups: [{ place: 3 }] })
    expect(await journal.append(groupOf('d'), null)).toBe(4)
  })

  test('[NC4] how much has grown starts over with a snapshot', async () => {
    await journal.recover()
    for (let at = 0; at < 20; at++) await journal.append(groupOf(`key ${at}`, 'x'.repeat(1_000)), null)
    const { grown } = journal
    expect(grown).toBeGreaterThan(20_000)
    await reopened()
    expect(journal.grown).toBeGreaterThan(20_000)
    await journal.compact(snapshotOf(20), null)
    expect(journal.grown).toBeLessThan(1_000)
  })

  test('[NC9] a store that is gone is lost for every call, until it is recovered, which begins anew', async () => {
    await journal.recover()
    const term = await journal.takeTerm()
    await journal.append(groupOf('a'), term)
    await harness.lose()
    const calls = [
      () => journal.append(groupOf('b'), null),
      () => journal.append(groupOf('b'), term),
      () => journal.readAfter(0),
      () => journal.compact(snapshotOf(1), null),
      () => journal.begin(snapshotOf(1)),
      () => journal.takeTerm(),
    ]
    for (const call of calls) expect(await faultOf(call())).toBe('lost')
    expect(await journal.recover()).toEqual({ snapshot: null, groups: [], damage: null })
    expect(await journal.append(groupOf('c'), null)).toBe(1)
    await journal.compact(snapshotOf(1), await journal.takeTerm())
    expect(await reopened()).toEqual({ snapshot: snapshotOf(1), groups: [], damage: null })
  })

  test.each([0, 7])(
    '[NC23] an empty journal begins with a snapshot through %i, and goes on behind it',
    async (through) => {
      await journal.recover()
      expect(await journal.begin(snapshotOf(through, 70_000))).toBe(true)
      expect(await journal.append(groupOf('a'), null)).toBe(through + 1)
      const { snapshot, groups } = await reopened()
      expect(textOf(snapshot)).toBe(textOf(snapshotOf(through, 70_000)))
      expect(groups).toEqual([{ place: through + 1, group: groupOf('a') }])
      expect(await journal.append(groupOf('b'), null)).toBe(through + 2)
      await journal.compact(snapshotOf(through + 1), null)
      expect(await reopened()).toMatchObject({ snapshot: { through: through + 1 }, groups: [{ place: through + 2 }] })
    },
  )

  test('[NC23] a journal that holds anything begins with nothing else', async () => {
    await journal.recover()
    await journal.append(groupOf('a'), null)
    expect(await journal.begin(snapshotOf(7))).toBe(false)
    expect(await journal.append(groupOf('b'), null)).toBe(2)
    await journal.compact(snapshotOf(2), null)
    expect(await journal.begin(snapshotOf(7))).toBe(false)
    expect(await reopened()).toEqual({ snapshot: snapshotOf(2), groups: [], damage: null })
  })

  test('[NC24] a journal begins anew behind all that it holds, and its places go on behind the snapshot', async () => {
    await journal.recover()
    for (const key of ['a', 'b']) await journal.append(groupOf(key), null)
    expect(await journal.begin(snapshotOf(7, 70_000), 2)).toBe(true)
    expect(await journal.append(groupOf('c'), null)).toBe(8)
    expect(await journal.begin(snapshotOf(12), 8)).toBe(true)
    expect(await journal.begin(snapshotOf(13), 12)).toBe(true)
    expect(await journal.append(groupOf('d'), null)).toBe(14)
    expect(await reopened()).toEqual({
      snapshot: snapshotOf(13),
      groups: [{ place: 14, group: groupOf('d') }],
      damage: null,
    })
    expect(await journal.append(groupOf('e'), null)).toBe(15)
  })

  test('[NC24] a journal in which there is more than was looked at does not begin anew', async () => {
    await journal.recover()
    for (const key of ['a', 'b', 'c']) await journal.append(groupOf(key), null)
    for (const after of [0, 1, 2, 4]) expect(await journal.begin(snapshotOf(7), after)).toBe(false)
    await journal.compact(snapshotOf(2), null)
    for (const after of [0, 2, 4]) expect(await journal.begin(snapshotOf(7), after)).toBe(false)
    expect(await reopened()).toEqual({
      snapshot: snapshotOf(2),
      groups: [{ place: 3, group: groupOf('c') }],
      damage: null,
    })
  })

  test('[NC24] whoever knows the journal as it was before it began anew is told so', async () => {
    if (!harness.shared) return
    const other = harness.open()
    await journal.recover()
    await other.recover()
    for (const key of ['a', 'b']) await other.append(groupOf(key), null)
    const [begun, place] = await Promise.all([journal.begin(snapshotOf(3), 2), other.append(groupOf('c'), null)])
    // Either may be first: then the snapshot lacks the group and is refused, or the group comes behind the snapshot.
    expect([begun, place]).toEqual(begun ? [true, 4] : [false, 3])
    if (!begun) expect(await journal.begin(snapshotOf(4), 3)).toBe(true)
    expect(await faultOf(other.readAfter(2))).toBe('unavailable')
    await other.compact(snapshotOf(2), null)
    expect(await other.recover()).toMatchObject({
      snapshot: begun ? snapshotOf(3) : snapshotOf(4),
      groups: begun ? [{ place: 4, group: groupOf('c') }] : [],
    })
    await other.close()
  })

  test('[NC23] of tabs that begin a journal at once one does', async () => {
    if (!harness.shared) return
    const other = harness.open()
    await journal.recover()
    await other.recover()
    const begun = await Promise.all([journal.begin(snapshotOf(5)), other.begin(snapshotOf(7))])
    expect([...begun].sort()).toEqual([false, true])
    const through = begun[0] ? 5 : 7
    expect(await other.append(groupOf('a'), null)).toBe(through + 1)
    expect(await journal.recover()).toMatchObject({ snapshot: snapshotOf(through), groups: [{ place: through + 1 }] })
    await other.close()
  })

  test('[NC8] a call after close is refused', async () => {
    await journal.recover()
    await journal.close()
    await expect(journal.append(groupOf('a'), null)).rejects.toThrow(/closed/)
  })

  test('[NC1, NC3] tabs see one order of each other’s groups, and one term', async () => {
    if (!harness.shared) return
    const other = harness.open()
    await journal.recover()
    await other.recover()
    const places = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? journal : other).append(groupOf(`key ${at}`), null)),
    )
    expect([...places].sort((one, two) => one - two)).toEqual(places.map((_, at) => at + 1))
    expect(await journal.readAfter(5)).toEqual(await other.readAfter(5))

    const old = await journal.takeTerm()
    await other.takeTerm()
    expect(await faultOf(journal.append(groupOf('late'), old))).toBe('fenced')
    expect(await faultOf(journal.compact(snapshotOf(20), old))).toBe('fenced')
    expect(await other.readAfter(20)).toEqual([])
    await other.close()
  })

  test('[NC4] a tab that slept while another compacted is told so', async () => {
    if (!harness.shared) return
    const other = harness.open()
    await journal.recover()
    await other.recover()
    for (const key of ['a', 'b', 'c']) await other.append(groupOf(key), null)
    await other.compact(snapshotOf(3), null)
    expect(await journal.append(groupOf('d'), null)).toBe(4)
    expect(await faultOf(journal.readAfter(0))).toBe('unavailable')
    expect(await journal.recover()).toMatchObject({ snapshot: { through: 3 }, groups: [{ place: 4 }] })
    await other.close()
  })
}
