import { jest } from '@jest/globals'
import { groupOf, snapshotOf, textOf } from '../../journal/journal.contract.js'
import type { PlacedGroup } from '../../journal/entry.js'
import { JournalFault, type Recovered } from '../../journal/journal.js'
import type { Processes } from './directory-lock.js'
import { FileJournal } from './file-journal.js'
import { decodeFrames } from './journal-frames.js'
import { type Loss, SimulatedDisk } from './testing/simulated-disk.js'

/** Every process of the simulation runs alone. */
let pids = 100
const aProcess = (): Processes => {
  const pid = ++pids
  return { pid, startOf: (asked) => (asked === pid ? '1' : null) }
}
const open = (disk: SimulatedDisk): FileJournal => new FileJournal('dir', disk, aProcess())

const keyAt = (place: number): string => `key ${place} ${'ä'.repeat((place * 7) % 40)}`

const texts: string[] = []
const textAt = (place: number): string => (texts[place] ??= JSON.stringify({ place, group: groupOf(keyAt(place)) }))

/** What was called before the disk died, and what of it was acknowledged. */
type Told = { issued: number; acknowledged: number; compacted: number }

/** Appends, terms and compactions, until the end or the first call that fails. */
async function live(disk: SimulatedDisk, told: Told, atOnce = true): Promise<void> {
  const journal = open(disk)
  await journal.recover()
  const append = async (): Promise<void> => {
    const place = ++told.issued
    await journal.append(groupOf(keyAt(place)), null)
    told.acknowledged = Math.max(told.acknowledged, place)
  }
  const compact = async (through: number): Promise<void> => {
    await journal.compact(snapshotOf(through, 90), null)
    told.compacted = through
  }
  for (let at = 0; at < 3; at++) await append()
  await journal.takeTerm()
  await compact(2)
  await append()
  if (atOnce) await Promise.all([compact(4), append(), append()])
  else await compact(4)
  await append()
  await compact(told.issued)
  await append()
  await journal.close()
}

/** Puts together what was found, and checks that it is what was appended, from the first one on, with nothing between. */
function placesIn({ snapshot, groups, damage }: Recovered): number {
  // `expect` would take most of the time of the many states.
  if (damage !== null) throw new Error(damage)
  if (snapshot && textOf(snapshot) !== textOf(snapshotOf(snapshot.through, 90))) throw new Error('another snapshot')
  let place = snapshot?.through ?? 0
  for (const placed of groups) {
    place++
    const found = JSON.stringify(placed)
    if (found !== textAt(place)) throw new Error(`found ${found} in the place of ${textAt(place)}`)
  }
  return place
}

/** Recovers, checks that nothing acknowledged is missing and nothing was made up, and goes on. */
async function checkCrashed(disk: SimulatedDisk, told: Told, goOn: boolean): Promise<void> {
  const journal = open(disk)
  const found = placesIn(await journal.recover())
  if (found < told.acknowledged || found > told.issued) {
    throw new Error(`found ${found} groups, ${told.acknowledged} acknowledged, ${told.issued} issued`)
  }
  if (goOn) {
    expect(await journal.append(groupOf(keyAt(found + 1)), null)).toBe(found + 1)
    await journal.compact(snapshotOf(found + 1, 90), null)
  }
  await journal.close()
  if (goOn) expect(placesIn(await open(disk).recover())).toBe(found + 1)
}

const LOSSES: Loss[] = [
  { kind: 'process' },
  { kind: 'power' },
  ...Array.from({ length: 140 }, (_, bytes) => ({ kind: 'torn', bytes: bytes + 1 }) as const),
  ...Array.from({ length: 60 }, (_, at) => ({ kind: 'sectors', bits: (at * 2654435761) >>> 2 }) as const),
]

// Thousands of states, on machines that may be busy with other tests.
jest.setTimeout(60_000)

const onlyFaults = (error: unknown): void => {
  if (!(error instanceof JournalFault)) throw error
}

describe('FileJournal on a disk that forgets what was not synced', () => {
  let calls: number
  beforeAll(async () => {
    const disk = new SimulatedDisk()
    await live(disk, { issued: 0, acknowledged: 0, compacted: 0 })
    calls = disk.calls
  })

  test('[NC14] whatever call the process dies at and whatever the disk forgets then, everything acknowledged is there', async () => {
    let states = 0
    for (let diesAt = 1; diesAt <= calls + 1; diesAt++) {
      const disk = new SimulatedDisk()
      disk.diesAt = diesAt
      const told: Told = { issued: 0, acknowledged: 0, compacted: 0 }
      await live(disk, told).catch(() => undefined)
      // Not everything that was begun at the same time has heard of the death yet.
      await new Promise(setImmediate)
      for (const loss of LOSSES) {
        await checkCrashed(disk.crashed(loss), told, states++ % 20 === 0)
      }
    }
    expect(states).toBeGreaterThan(20_000)
  })

  test('[NC14] a process that dies while it mends what a crash left loses nothing either', async () => {
    for (let first = 20; first <= calls; first += 3) {
      const disk = new SimulatedDisk()
      disk.diesAt = first
      const told: Told = { issued: 0, acknowledged: 0, compacted: 0 }
      await live(disk, told).catch(() => undefined)
      for (let second = 1; second < 25; second++) {
        const crashed = disk.crashed({ kind: 'torn', bytes: 11 })
        crashed.diesAt = second
        await checkCrashed(crashed, told, true).catch((error: Error) => {
          if (!error.message.startsWith('died') && !/cannot be used|is gone/.test(error.message)) throw error
        })
        await checkCrashed(
          crashed.crashed({ kind: second % 2 ? 'process' : 'power' }),
          { ...told, issued: told.issued + 1 },
          true,
        )
      }
    }
  })

  test('[NC24] a process that dies while a journal begins anew leaves what it held or the snapshot, and all of it', async () => {
    const left = new Set<string>()
    let dies = true
    for (let at = 1; dies; at++) {
      const disk = new SimulatedDisk()
      const journal = open(disk)
      await journal.recover()
      for (let place = 1; place <= 3; place++) await journal.append(groupOf(keyAt(place)), null)
      await journal.compact(snapshotOf(2, 90), null)
      disk.diesAt = disk.calls + at
      dies = await journal.begin(snapshotOf(9, 90), 3).then(
        () => false,
        () => true,
      )
      for (const loss of LOSSES) {
        const { snapshot, groups, damage } = await open(disk.crashed(loss)).recover()
        if (damage !== null) throw new Error(damage)
        left.add([textOf(snapshot), ...groups.map((placed) => JSON.stringify(placed))].join())
      }
    }
    expect([...left].sort()).toEqual([[textOf(snapshotOf(2, 90)), textAt(3)].join(), textOf(snapshotOf(9, 90))].sort())
  })

  test('[NC5, NC13] whatever call fails once, nothing acknowledged is lost, and the journal goes on', async () => {
    for (const code of ['ENOSPC', 'EIO']) {
      for (let fails = 1; fails <= calls; fails++) {
        const disk = new SimulatedDisk()
        const told: Told = { issued: 0, acknowledged: 0, compacted: 0 }
        disk.before = (call, path) => {
          if (disk.calls === fails) throw Object.assign(new Error(`${call} ${path}`), { code })
        }
        let kind = ''
        await live(disk, told, false).catch((error: { kind: string }) => (kind = error.kind))
        expect(['', 'full', 'unavailable']).toContain(kind)
        await checkCrashed(disk.crashed({ kind: 'power' }), told, true)
      }
    }
  })

  test('[NC5, NC13] after a call that failed the same journal goes on where it was', async () => {
    for (const code of ['ENOSPC', 'EIO']) {
      for (let fails = 1; fails <= 60; fails++) {
        const disk = new SimulatedDisk()
        const journal = open(disk)
        await journal.recover()
        for (let place = 1; place <= 3; place++) await journal.append(groupOf(keyAt(place)), null)
        const from = disk.calls
        disk.before = () => {
          if (disk.calls === from + fails) throw Object.assign(new Error('injected'), { code })
        }
        let place = 3
        for (const through of [2, 3]) {
          await journal.compact(snapshotOf(through, 90), null).catch(onlyFaults)
          await journal.append(groupOf(keyAt(place + 1)), null).then(() => place++, onlyFaults)
        }
        disk.before = () => undefined
        expect(await journal.append(groupOf(keyAt(place + 1)), null)).toBe(place + 1)
        expect(placesIn(await open(disk.crashed({ kind: 'power' })).recover())).toBe(place + 1)
      }
    }
  })

  test('[NC10] every beginning of a journal is read as the groups that are whole in it', async () => {
    const disk = new SimulatedDisk()
    const journal = open(disk)
    await journal.recover()
    const ends = [disk.file('dir/journal')!.length]
    for (let place = 1; place <= 40; place++) {
      await journal.append(groupOf(keyAt(place)), null)
      ends.push(disk.file('dir/journal')!.length)
    }
    const whole = disk.file('dir/journal')!
    for (let length = ends[0]!; length <= whole.length; length++) {
      const cut = new SimulatedDisk()
      cut.put('dir/journal', whole.subarray(0, length))
      const groups = ends.findLastIndex((end) => end <= length)
      const found = placesIn(await open(cut).recover())
      if (found !== groups || cut.file('dir/journal')!.length !== ends[groups]) {
        throw new Error(`found ${found} groups in ${length} bytes, which hold ${groups}`)
      }
    }
    expect(whole.length).toBeGreaterThan(4_000)
  })

  test('[NC11] one to eight flipped bits in a frame cost this frame, are told, and leave every other one', async () => {
    const disk = new SimulatedDisk()
    const journal = open(disk)
    await journal.recover()
    const ends = [disk.file('dir/journal')!.length]
    for (let place = 1; place <= 12; place++) {
      await journal.append(groupOf(keyAt(place)), null)
      ends.push(disk.file('dir/journal')!.length)
    }
    const whole = disk.file('dir/journal')!
    let seed = 7
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % below
    }
    for (let place = 1; place <= 12; place++) {
      for (let round = 0; round < 160; round++) {
        const bytes = Buffer.from(whole)
        const from = ends[place - 1]!
        for (let bits = 1 + (round % 8); bits > 0; bits--) {
          bytes[from + random(ends[place]! - from)]! ^= 1 << random(8)
        }
        if (bytes.equals(whole)) continue
        const broken = new SimulatedDisk()
        broken.put('dir/journal', bytes)
        const reader = open(broken)
        const { groups, damage } = await reader.recover()
        const left = place === 12 ? 11 : 12
        const expected = Array.from({ length: left }, (_, at): PlacedGroup => {
          return { place: at + 1, group: at + 1 === place ? [] : groupOf(keyAt(at + 1)) }
        })
        if (JSON.stringify(groups) !== JSON.stringify(expected)) expect(groups).toEqual(expected)
        // The last frame may look like one that was cut short.
        if (place < 12) expect(damage).toMatch(/^bytes \d+ to \d+ of dir\/journal are broken/)
        if (round % 8 !== place % 8) continue
        expect(await reader.append(groupOf('next'), null)).toBe(left + 1)
        await reader.compact(snapshotOf(left + 1, 90), null)
        expect((await open(broken.crashed({ kind: 'power' })).recover()).damage).toBeNull()
      }
    }
  })

  test('[NC11] a broken head of the file costs no group', async () => {
    const disk = new SimulatedDisk()
    const journal = open(disk)
    await journal.recover()
    for (let place = 1; place <= 3; place++) await journal.append(groupOf(keyAt(place)), null)
    const whole = disk.file('dir/journal')!
    const head = decodeFrames(whole).texts[0]!.length + 10
    for (let at = 0; at < head * 8; at++) {
      const bytes = Buffer.from(whole)
      bytes[at >> 3]! ^= 1 << (at & 7)
      const broken = new SimulatedDisk()
      broken.put('dir/journal', bytes)
      const reader = open(broken)
      const { groups, damage } = await reader.recover()
      expect(groups.map(({ place }) => place)).toEqual([1, 2, 3])
      expect(damage).toMatch(/broken/)
      await reader.append(groupOf(keyAt(4)), null)
      expect(placesIn(await open(broken.crashed({ kind: 'power' })).recover())).toBe(4)
    }
  })
})
