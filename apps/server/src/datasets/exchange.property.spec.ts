import fc from 'fast-check'
import {
  NEVER_SYNCED,
  type BatchOutcome,
  type Changes,
  type DatasetExchange,
  type DeviceId,
  type NumberedBatch,
  type SyncCount,
} from '@satchel/protocol'
import { count, key, path, remove, replace } from '../domain/testing/a-dataset.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { asking, exchangeWorld, type ExchangeWorld } from './testing/exchange-world.js'

const KEYS = ['a', 'b', '__proto__', 'é', '😀', 'f', 'g', 'h']
const DEVICES = ['phone', 'tablet', 'laptop']

type Edit = Readonly<{ name: string; value: string | null }>

/** What happens beside the devices, also between two pages. */
type Aside =
  | Readonly<{ kind: 'aws'; edit: Edit }>
  | Readonly<{ kind: 'delete' }>
  /** Housekeeping takes some tombstones. */
  | Readonly<{ kind: 'collect' }>

type Step =
  /** A device sends edits, or what is still under way, in as many copies at once; the answer may be lost. */
  | Readonly<{ kind: 'exchange'; device: number; edits: readonly Edit[]; copies: number; lost: boolean }>
  /** A copy of a request sent long ago arrives. */
  | Readonly<{ kind: 'late'; which: number }>
  | Aside

const edit = fc.record({
  name: fc.constantFrom(...KEYS),
  value: fc.option(fc.constantFrom('', '1', 'two', 'x'.repeat(300)), { nil: null }),
})

const aside: fc.Arbitrary<Aside> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('aws' as const), edit }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'collect' as const }) },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('exchange' as const),
      device: fc.nat(DEVICES.length - 1),
      edits: fc.uniqueArray(edit, { maxLength: 5, selector: ({ name }) => name }),
      copies: fc.integer({ min: 1, max: 3 }),
      lost: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('late' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: aside },
)

type Entries = ReadonlyMap<string, string>

/** What a client keeps, without any of its cleverness: a conflict drops the device's own edits. */
class PlainDevice {
  flight: NumberedBatch | null = null
  private number = 0
  private epoch = 0
  private since: SyncCount = NEVER_SYNCED
  private records = new Map<string, Readonly<{ value: string | null; syncCount: SyncCount }>>()

  constructor(readonly id: DeviceId) {}

  asks(edits: readonly Edit[]): DatasetExchange {
    if (this.flight === null && edits.length > 0) {
      const patches = edits.map(({ name, value }) => {
        const base = this.records.get(name)?.syncCount ?? 0
        return value === null ? remove(name, base) : replace(name, value, base)
      })
      this.flight = { number: ++this.number, patches }
    }
    return asking({ epoch: this.epoch, since: this.since, batch: this.flight })
  }

  takes(outcome: BatchOutcome | null, changes: readonly Changes[]): void {
    if (outcome?.outcome === 'accepted') {
      for (const patch of this.flight!.patches) {
        const value = patch.op === 'replace' ? patch.value : null
        if ((this.records.get(patch.key)?.syncCount ?? 0) < outcome.syncCount) {
          this.records.set(patch.key, { value, syncCount: outcome.syncCount })
        }
      }
    }
    this.flight = null
    if (changes[0]!.snapshot) this.records = new Map()
    for (const { records } of changes) {
      for (const { key, value, syncCount } of records) this.records.set(key, { value, syncCount })
    }
    const { epoch, through } = changes.at(-1)!
    this.epoch = epoch
    this.since = through
  }

  entries(): Entries {
    const live = new Map<string, string>()
    for (const [name, { value }] of this.records) if (value !== null) live.set(name, value)
    return live
  }
}

/** Plays steps on a server, and checks what must hold after each. */
class Play {
  readonly devices = DEVICES.map((id) => new PlainDevice(id as DeviceId))
  private readonly sent: (readonly [DeviceId, DatasetExchange])[] = []
  /** By device and number. */
  private readonly accepted = new Map<string, BatchOutcome>()
  private otherChanges = 0
  pagedPulls = 0

  constructor(private readonly world: ExchangeWorld) {}

  async step(step: Step, meanwhile: readonly Aside[]): Promise<void> {
    switch (step.kind) {
      case 'exchange':
        return this.exchange(step, meanwhile)
      case 'late': {
        const [device, asked] = this.sent[step.which % Math.max(1, this.sent.length)] ?? []
        if (device !== undefined && asked !== undefined) await this.send(device, asked)
        return
      }
      case 'aws':
      case 'delete':
      case 'collect':
        return this.aside(step)
    }
  }

  /** Every accepted batch took one count, however often it was sent, and nothing else did. */
  async appliedOnce(): Promise<void> {
    const { syncCount } = await this.world.harness.store.read(path())
    expect(this.accepted.size + this.otherChanges).toBe(syncCount)
  }

  private async aside(aside: Aside): Promise<void> {
    const { harness, clock, awsDelete } = this.world
    switch (aside.kind) {
      case 'aws':
        return this.awsEdit(aside.edit)
      case 'delete':
        if ((await awsDelete()).kind === 'deleted') this.otherChanges++
        return
      case 'collect':
        await harness.store.collectTombstones({ before: clock.now() + 1, limit: 2 })
    }
  }

  private async exchange(
    { device: index, edits, copies, lost }: Extract<Step, { kind: 'exchange' }>,
    meanwhile: readonly Aside[],
  ): Promise<void> {
    const device = this.devices[index]!
    const asked = device.asks(edits)
    this.sent.push([device.id, asked])
    const answers = await Promise.all(Array.from({ length: copies }, () => this.send(device.id, asked)))
    if (lost) return
    const { batch, changes: first } = answers.at(-1)!
    const pages = [first!]
    for (let next = first!.next; next !== null; next = pages.at(-1)!.next) {
      this.pagedPulls++
      const between = meanwhile[pages.length - 1]
      if (between !== undefined) await this.aside(between)
      const page = await this.send(device.id, asking({ page: next })).catch(() => null)
      // The dataset lost what was still to come; the outcome is lost with it, and all is asked for again later.
      if (page === null) return
      pages.push(page.changes!)
    }
    device.takes(batch, pages)
    const { dataset, records } = await this.list()
    if (dataset.syncCount !== pages.at(-1)!.through) return
    const live = records.flatMap((record) => (record.value === null ? [] : [[record.key, record.value] as const]))
    expect(device.entries()).toEqual(new Map<string, string>(live))
  }

  private async send(device: DeviceId, asked: DatasetExchange) {
    const { datasets } = await this.world.sync([asked], device)
    const { batch } = datasets[0]!
    if (batch?.outcome === 'accepted') {
      const name = `${device}/${asked.batch!.number}`
      expect(this.accepted.get(name) ?? batch).toEqual(batch)
      this.accepted.set(name, batch)
    }
    return datasets[0]!
  }

  private async awsEdit({ name, value }: Edit): Promise<void> {
    const held = (await this.list()).records.find((record) => record.key === key(name))
    const base = held?.syncCount ?? 0
    const outcome = await this.world.awsUpdate([value === null ? remove(name, base) : replace(name, value, base)])
    expect(outcome.kind).toBe('accepted')
    this.otherChanges++
  }

  private list() {
    return this.world.harness.store.list(path(), {
      after: { syncCount: count(0), key: null },
      through: null,
      limit: 1_000,
    })
  }
}

test('[NA1] [NA6] [NA11] devices whose requests are copied, late and lost apply each batch once and see the whole dataset', async () => {
  let pagedPulls = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.array(aside, { maxLength: 3 })), { minLength: 1, maxLength: 40 }),
      async (steps) => {
        const world = await exchangeWorld(memoryHarness(), { bounds: { recordsPerPageMax: 3, bytesMax: 900 } })
        const play = new Play(world)
        for (const [step, meanwhile] of steps) {
          await play.step(step, meanwhile)
          await play.appliedOnce()
        }
        // In the first round they send what is still under way, in the second they hear of one another's.
        for (const device of [...play.devices.keys(), ...play.devices.keys()]) {
          await play.step({ kind: 'exchange', device, edits: [], copies: 1, lost: false }, [])
        }
        const [one, ...others] = play.devices.map((device) => Object.fromEntries(device.entries()))
        for (const other of others) expect(other).toEqual(one)
        pagedPulls += play.pagedPulls
      },
    ),
    { numRuns: 300 },
  )
  // A run without further pages proves nothing about them.
  expect(pagedPulls).toBeGreaterThan(100)
})
