import type { RecordKey } from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import type { Entry, Group, PlacedGroup } from '../../journal/entry.js'
import type { Applied, Shown, Ticket } from '../replica.js'
import { SqlReplica } from '../sql-replica.js'
import { answer, device, ME, PREFS } from './entries.js'
import { ModelServer } from './model-server.js'

export const KEYS = ['a', 'b', 'ç', '__proto__'] as RecordKey[]
const VALUES = ['', 'x', 'y', 'ž', null]

/** One step of a random history; the numbers choose whatever the step has to choose. */
export type Act = Readonly<{ kind: (typeof ACTS)[number]; tab: number; one: number; two: number }>

export const ACTS = [
  ...(['edit', 'edit', 'edit', 'append', 'append', 'append', 'apply', 'apply', 'apply', 'apply', 'hide'] as const),
  ...(['settle', 'batch', 'batch', 'exchange', 'exchange', 'pull', 'repeat', 'lose', 'park', 'renumber'] as const),
  ...(['other', 'other', 'delete', 'save', 'restore', 'adopt', 'open'] as const),
]

type Waiting = Readonly<{ group: Group; ticket: Ticket }>
type Tab = { replica: SqlReplica; waiting: Waiting[]; own: Map<number, Ticket> }

/** Some tabs, their journal and a server, driven by acts. Every step is checked as it is taken. */
export class ModelWorld {
  readonly journal: PlacedGroup[] = []
  readonly tabs: Tab[]
  private readonly server = new ModelServer()
  private saved = this.server.save()
  private lastAnswer: Entry | null = null
  private devices = 0
  private values = 0

  constructor(
    sql: SqlJsStatic,
    tabs: number,
    /** Told of every change, with what was shown before it. */
    private readonly check: (tab: Tab, before: ReadonlyMap<string, string>, shown: readonly Shown[]) => void,
    private readonly onApplied: (tab: number, placed: PlacedGroup, applied: Applied) => void = () => {},
  ) {
    this.tabs = Array.from({ length: tabs }, () => ({ replica: SqlReplica.empty(sql), waiting: [], own: new Map() }))
    this.append([device()])
  }

  act({ kind, tab: which, one, two }: Act): void {
    const tab = this.tabs[which % this.tabs.length]!
    const leader = this.tabs[0]!.replica
    const key = KEYS[one % KEYS.length]!
    switch (kind) {
      case 'edit':
        return this.edit(tab, key, two)
      case 'append':
        return this.appendWaiting(tab, one)
      case 'apply':
        return this.apply(tab, 1 + (one % 3))
      case 'hide':
        return this.hide(tab)
      case 'settle':
        return this.settle(tab, key, two)
      case 'batch': {
        const keys = KEYS.filter((_, index) => ((one + 1) >> index) % 2 === 0)
        return this.append([{ kind: 'batch', dataset: PREFS, number: leader.nextNumber, keys }])
      }
      case 'exchange':
        return this.exchange(leader, two % 2 === 0)
      case 'lose': {
        const flight = leader.flight(PREFS)
        if (flight !== null) this.server.judge(leader.device ?? ME, flight)
        return
      }
      case 'repeat':
        return this.lastAnswer === null ? undefined : this.append([this.lastAnswer])
      case 'pull':
        return this.append([answer(this.server.changesSince(leader.standing(PREFS)))])
      case 'park':
        return this.append([{ kind: 'park', dataset: PREFS, keys: [key], code: 'LimitExceeded', message: 'full' }])
      case 'renumber':
        return two % 4 === 0 ? this.append([device(`device ${++this.devices}`)]) : undefined
      case 'other':
        return this.server.write(key, VALUES[two % VALUES.length]!)
      case 'delete':
        return two % 3 === 0 ? this.server.delete() : undefined
      case 'save':
        this.saved = this.server.save()
        return
      case 'restore':
        return two % 2 === 0 ? this.server.restore(this.saved) : undefined
      case 'adopt':
        return this.adopt(tab, one, two)
      case 'open':
        return this.append([{ kind: 'open', dataset: PREFS }])
    }
  }

  /** Everything is appended and applied everywhere. */
  settleDown(): void {
    for (const tab of this.tabs) this.appendWaiting(tab, 99)
    for (const tab of this.tabs) this.apply(tab, this.journal.length)
  }

  /** What the server shows. */
  get serverEntries(): ReadonlyMap<string, string> {
    const { records } = this.server.save()
    return new Map([...records.values()].flatMap(({ key, value }) => (value === null ? [] : [[key, value]])))
  }

  /** The leader sends, fetches and decides until nothing waits; false if that does not end. */
  converge(): boolean {
    const leader = this.tabs[0]!.replica
    for (let round = 0; round < 10; round++) {
      this.settleDown()
      this.exchange(leader, true)
      this.settleDown()
      const decisions = leader.clashes(PREFS).map(({ pending, remote }): Entry => {
        const edit = { key: pending.key, value: pending.value, base: remote.syncCount, at: pending.at }
        return { kind: 'settle', dataset: PREFS, key: pending.key, over: pending.place, edit }
      })
      const parked = leader.pending(PREFS).filter((one) => one.parked !== null)
      const again = parked.map(({ key, value, base, at }): Entry => {
        return { kind: 'edit', dataset: PREFS, edits: [{ key, value, base, at }] }
      })
      if (leader.pending(PREFS).length === 0) return true
      this.append([...decisions, ...again])
      this.append([{ kind: 'batch', dataset: PREFS, number: leader.nextNumber, keys: KEYS }])
    }
    return false
  }

  private edit(tab: Tab, key: RecordKey, chance: number): void {
    const value = chance % 3 === 0 ? `v${++this.values}` : VALUES[chance % VALUES.length]!
    const base = tab.replica.baseOf(PREFS, key)
    this.show(tab, [{ kind: 'edit', dataset: PREFS, edits: [{ key, value, base, at: 100 + this.values }] }])
  }

  private settle(tab: Tab, key: RecordKey, chance: number): void {
    const waiting = tab.replica.pending(PREFS).find((one) => one.key === key && !one.sent)
    if (waiting === undefined) return
    const base = tab.replica.baseOf(PREFS, key)
    const edit = chance % 2 === 0 ? null : { key, value: VALUES[chance % VALUES.length]!, base, at: 7 }
    this.show(tab, [{ kind: 'settle', dataset: PREFS, key, over: waiting.place, edit }])
  }

  private adopt(tab: Tab, one: number, two: number): void {
    const edits = KEYS.slice(0, 1 + (one % KEYS.length)).map((key) => ({
      ...{ key, value: VALUES[two % 4]!, base: tab.replica.baseOf(PREFS, key), at: 3 },
    }))
    this.show(tab, [{ kind: 'adopt', store: `guest ${one % 2}`, through: 1, datasets: [{ dataset: PREFS, edits }] }])
  }

  private exchange(leader: SqlReplica, withChanges: boolean): void {
    const flight = leader.flight(PREFS)
    const outcome = flight === null ? null : this.server.judge(leader.device ?? ME, flight)
    const told = withChanges || flight === null ? this.server.changesSince(leader.standing(PREFS)) : null
    this.lastAnswer = answer(told, flight === null ? null : [flight.number, outcome!])
    this.append([this.lastAnswer])
  }

  private show(tab: Tab, group: Group): void {
    const before = entriesOf(tab.replica)
    const { ticket, shown } = tab.replica.show(group)
    tab.waiting.push({ group, ticket })
    this.check(tab, before, shown)
  }

  private hide(tab: Tab): void {
    const last = tab.waiting.pop()
    if (last === undefined) return
    const before = entriesOf(tab.replica)
    this.check(tab, before, tab.replica.hide(last.ticket))
  }

  /** What the leader appends shows nothing before it is placed. */
  private append(group: Group): void {
    this.journal.push({ place: this.journal.length + 1, group })
  }

  private appendWaiting(tab: Tab, count: number): void {
    const together = tab.waiting.splice(0, 1 + count)
    if (together.length === 0) return
    const group = together.flatMap((waiting) => waiting.group)
    this.append(group)
    tab.own.set(this.journal.length, { group })
  }

  private apply(tab: Tab, count: number): void {
    for (const placed of this.journal.slice(tab.replica.place, tab.replica.place + count)) {
      const before = entriesOf(tab.replica)
      const applied = tab.replica.apply(placed.place, placed.group, tab.own.get(placed.place))
      this.check(tab, before, applied.shown)
      this.onApplied(this.tabs.indexOf(tab), placed, applied)
    }
  }
}

const entriesOf = (replica: SqlReplica): ReadonlyMap<string, string> => new Map(replica.reader(PREFS).entries())
