import type { DatasetName, IdentityId } from '@satchel/protocol'
import { EditRefused, type Dataset } from '../../../libs/client/src/api.js'
import type { AppEdit } from '../history.js'
import type { People, User } from './people.js'
import type { SimDevice, SimTab } from './sim-device.js'
import type { Stage } from './stage.js'

/** All that apps edited, with what was said of each edit, and the values that they write. */
export class Edits {
  readonly all: AppEdit[] = []
  /** Edits by apps and writers of the AWS face. */
  operations = 0
  private saves = 0

  constructor(
    private readonly stage: Stage,
    private readonly people: () => People,
  ) {}

  /** An app edits up to five keys of a dataset in one go. */
  make(user: User, device: SimDevice, tab: SimTab, dataset: Dataset): void {
    const { draw, findings } = this.stage
    const values = this.drawValues(user, device.name, draw.hit(0.2) ? draw.from(2, 5) : 1)
    const before = new Map([...values.keys()].map((key) => [key, dataset.get(key)]))
    try {
      const write = dataset.edit(values)
      const made = [...values].map(([key, value]) => {
        const wasNothing = before.get(key) === undefined || !this.isHeld(device, dataset.name, key)
        const edit = this.edited({ device, tab, dataset: dataset.name, key, value, wasNothing })
        this.all.push(edit)
        this.operations++
        if ((dataset.get(key) ?? null) !== value) {
          findings.found('own-write', `${device.name} does not see its own edit`)
        }
        return edit
      })
      findings.trace(
        `${device.name}.${tab.name} edits ${made.map(({ id }) => id).join()} ${dataset.name} ${JSON.stringify([...values])}`,
      )
      write.saved.then(
        () => made.forEach((edit) => Object.assign(edit, { saved: true, savedOrder: ++this.saves })),
        () => made.forEach((edit) => (edit.failed = true)),
      )
      void write.outcome.then((outcome) => made.forEach((edit) => (edit.outcome = outcome)))
    } catch (fault) {
      if (!(fault instanceof EditRefused)) throw fault
    }
  }

  /** Values to write, by key; some remove. */
  drawValues({ canary }: User, who: string, count: number): Map<string, string | null> {
    const { draw, swarm } = this.stage
    const values = new Map<string, string | null>()
    for (; count > 0; count--) {
      const key = draw.oneOf(swarm.keys)
      values.set(key, draw.hit(0.2) ? null : canary + this.newValue(who, key))
    }
    return values
  }

  newValue(who: string, key: string): string {
    const { draw, swarm } = this.stage
    if (draw.hit(swarm.equalValues)) return `same ${key.length % 2}`
    if (draw.hit(swarm.edgeValues)) return draw.oneOf(['', ' ', '\u{1F600}', 'é', 'x'.repeat(300)])
    return `#${who}-${this.operations}-${draw.from(0, 999_999)}#`
  }

  /** A device's storage is gone, and with it what was saved there. */
  storageLost(device: SimDevice): void {
    for (const edit of this.all) if (edit.device === device.name) edit.storageLost = true
  }

  private edited(
    made: Readonly<{
      device: SimDevice
      tab: SimTab
      dataset: string
      key: string
      value: string | null
      wasNothing: boolean
    }>,
  ): AppEdit {
    const { device, tab, dataset, key, value, wasNothing } = made
    return {
      id: this.all.length,
      identities: () => [...this.people().identitiesOf(device)],
      device: device.name,
      tab: tab.name,
      dataset,
      key,
      value,
      atMs: this.stage.time.now,
      isIdle: () => value === null && (wasNothing || device.watch.sawNothing(dataset, key)),
      saved: false,
      savedOrder: 0,
      failed: false,
      storageLost: false,
      overruled: () => device.watch.overruled.has(JSON.stringify([dataset, key, value])),
      outcome: null,
    }
  }

  /** Whether the server has a value for the key, for anybody that the device acted for. */
  private isHeld(device: SimDevice, dataset: string, key: string): boolean {
    return [...this.people().identitiesOf(device)].some((identity) =>
      this.stage.server
        .held({ identity: identity as IdentityId, dataset: dataset as DatasetName })
        .records.some((record) => record.key === key && record.value !== null),
    )
  }
}

/** Values that are written once in a run, if nothing goes wrong. */
export const isTagged = (value: string): boolean => value.endsWith('#')
