import { byteSize, type RecordKey } from '@satchel/protocol'
import fc from 'fast-check'
import initSqlJs, { type SqlJsStatic } from 'sql.js'
import { JournalFault } from '../journal/journal.js'
import { SqlReplica } from './sql-replica.js'
import { dump } from './testing/dump.js'
import { PREFS } from './testing/entries.js'
import { ACTS, KEYS, ModelWorld, type Act } from './testing/model-world.js'

let sql: SqlJsStatic
beforeAll(async () => {
  sql = await initSqlJs()
})

const chance = fc.nat({ max: 63 })
const act: fc.Arbitrary<Act> = fc.record({ kind: fc.constantFrom(...ACTS), tab: fc.nat(2), one: chance, two: chance })
const histories = fc.array(act, { minLength: 10, maxLength: 120 })
const RUNS = { numRuns: Number(process.env['SATCHEL_HISTORIES'] ?? 40) }

const close = (world: ModelWorld): void => world.tabs.forEach(({ replica }) => replica.close())

test('[ND13] every tab comes to the same state, and so does one that begins from any snapshot', () => {
  fc.assert(
    fc.property(histories, fc.nat(), (acts, cut) => {
      const world = new ModelWorld(sql, 3, () => {})
      acts.forEach((one) => world.act(one))
      world.settleDown()
      const states = world.tabs.map(({ replica }) => dump(sql, replica))
      for (const state of states) expect(state).toEqual(states[0])

      const late = SqlReplica.empty(sql)
      const through = cut % (world.journal.length + 1)
      for (const { place, group } of world.journal.slice(0, through)) late.apply(place, group)
      const restored = SqlReplica.restore(sql, late.snapshot())
      for (const { place, group } of world.journal.slice(through)) {
        expect(restored.apply(place, group)).toEqual(late.apply(place, group))
      }
      expect(dump(sql, restored)).toEqual(states[0])
      expect(dump(sql, late)).toEqual(states[0])
      restored.close()
      late.close()
      close(world)
    }),
    RUNS,
  )
})

test('[ND14] what is told to have changed is exactly what changed, and usage is what a recount gives', () => {
  fc.assert(
    fc.property(histories, (acts) => {
      const world = new ModelWorld(sql, 3, ({ replica }, before, shown) => {
        const reader = replica.reader(PREFS)
        // Before and after all of it is read, which writes what changed to the rows.
        const read = KEYS.map((key) => [key, reader.get(key)] as const)
        const after = new Map(reader.entries())
        for (const [key, value] of read) expect(value).toBe(after.get(key))
        const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
          (key) => before.get(key) !== after.get(key),
        )
        expect(shown.flatMap(({ keys }) => keys).sort()).toEqual(changed.sort())
        for (const key of KEYS) expect(reader.get(key)).toBe(after.get(key))
        const bytes = [...after].reduce((sum, [key, value]) => sum + byteSize(key) + byteSize(value), 0)
        expect(replica.usage(PREFS)).toEqual({ records: after.size, bytes })
        expect(reader.size).toBe(after.size)
      })
      acts.forEach((one) => world.act(one))
      world.settleDown()
      close(world)
    }),
    RUNS,
  )
})

test('whatever happened, sending, fetching and deciding comes to an end, and all show what the server has', () => {
  fc.assert(
    fc.property(histories, (acts) => {
      const world = new ModelWorld(sql, 3, () => {})
      acts.forEach((one) => world.act(one))
      expect(world.converge()).toBe(true)
      for (const { replica } of world.tabs) {
        expect(new Map(replica.reader(PREFS).entries())).toEqual(world.serverEntries)
      }
      close(world)
    }),
    RUNS,
  )
})

test('own edits show until they are settled, and every edit is settled once nothing of its key waits', () => {
  fc.assert(
    fc.property(histories, (acts) => {
      const unsettled = new Map<RecordKey, number>()
      const world = new ModelWorld(
        sql,
        2,
        ({ replica }) => {
          const waiting = new Map(replica.pending(PREFS).map(({ key, value }) => [key, value]))
          for (const [key, value] of waiting) expect(replica.reader(PREFS).get(key)).toBe(value ?? undefined)
        },
        (tab, { place, group }, { settled }) => {
          if (tab !== 0) return
          for (const entry of group) {
            if (entry.kind === 'edit') for (const { key } of entry.edits) unsettled.set(key, place)
            if (entry.kind === 'settle') unsettled.set(entry.key, place)
          }
          for (const { key, through } of settled) if ((unsettled.get(key) ?? 0) <= through) unsettled.delete(key)
          const waiting = new Set(world.tabs[0]!.replica.pending(PREFS).map(({ key }) => key))
          for (const key of unsettled.keys()) expect(waiting).toContain(key)
        },
      )
      acts.forEach((one) => world.act(one))
      world.settleDown()
      close(world)
    }),
    RUNS,
  )
})

test('[ND1] a key that waits is sendable, clashing, parked or behind one that is on its way, and nothing else', () => {
  fc.assert(
    fc.property(histories, (acts) => {
      const world = new ModelWorld(sql, 1, ({ replica }) => {
        const waiting = replica.pending(PREFS).filter(({ sent, place }) => !sent && place > 0)
        const flown = new Set(replica.flight(PREFS)?.patches.map(({ key }) => key) ?? [])
        const sendable = new Set(replica.sendable(PREFS).map(({ key }) => key))
        const clashing = new Set(replica.clashes(PREFS).map(({ pending }) => pending.key))
        for (const { key, parked } of waiting) {
          const roles = [parked !== null && !flown.has(key), flown.has(key), sendable.has(key), clashing.has(key)]
          expect(roles.filter(Boolean)).toHaveLength(1)
        }
      })
      acts.forEach((one) => world.act(one))
      close(world)
    }),
    RUNS,
  )
})

test('[ND15] a group that fails half-way leaves no trace', () => {
  fc.assert(
    fc.property(histories, (acts) => {
      const world = new ModelWorld(sql, 1, () => {})
      acts.forEach((one) => world.act(one))
      world.settleDown()
      const { replica } = world.tabs[0]!
      const before = dump(sql, replica)
      const all = world.journal.flatMap(({ group }) => group)
      const broken = [
        ...all,
        {
          kind: 'open',
          get dataset(): never {
            throw new JournalFault('lost', 'broken')
          },
        } as const,
      ]
      expect(() => replica.apply(replica.place + 1, broken)).toThrow('broken')
      expect(dump(sql, replica)).toEqual(before)
      close(world)
    }),
    RUNS,
  )
})
