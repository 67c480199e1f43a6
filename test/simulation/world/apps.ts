import type { Choice, ConflictSides } from '../../../libs/client/src/api.js'
import { ConnectionFault } from '../../../libs/client/src/transport/transport.js'
import type { Edits } from './edits.js'
import { textOf } from './findings.js'
import type { OpenTab, People, User } from './people.js'
import type { SimDevice } from './sim-device.js'
import type { Stage } from './stage.js'

/** What apps do, on devices and over the AWS face. */
export class Apps {
  constructor(
    private readonly stage: Stage,
    private readonly edits: Edits,
    private readonly people: () => People,
  ) {}

  /** One step of somebody's app. */
  operate(): void {
    const { draw } = this.stage
    const { users, openTabs } = this.people()
    const user = draw.oneOf(users)
    if (user.writers.length > 0 && draw.hit(0.25)) this.writeByAws(user)
    else {
      const open = openTabs.filter(({ tab, user: of }) => of === user && !tab.life.isFrozen)
      if (open.length > 0) this.use(draw.oneOf(open))
    }
  }

  /** Some decision about a conflict. */
  choose(device: SimDevice, sides: ConflictSides): Choice {
    return device.chance.weighted<Choice>([
      [1, 'local'],
      [1, 'remote'],
      [1, { value: this.edits.newValue(device.name, sides.key) }],
      [0.3, { value: null }],
    ])
  }

  private writeByAws(user: User): void {
    const { draw, swarm, findings } = this.stage
    const writer = draw.oneOf(user.writers)
    const dataset = draw.oneOf(swarm.datasets)
    const values = this.edits.drawValues(user, writer.name, draw.from(1, 3))
    this.edits.operations++
    findings.background(writer.write(dataset, values))
  }

  private use(open: OpenTab): void {
    const { draw, swarm, findings, network } = this.stage
    const { user, device, tab } = open
    const dataset = tab.client!.dataset(draw.oneOf(swarm.datasets))
    const what = draw.weighted([
      [10, 'edit'],
      [2, 'settle'],
      [1, 'parked'],
      [1, 'synchronize'],
      [0.3, 'pause'],
      [1, 'resume'],
      [0.5, 'signIn'],
    ])
    if (what !== 'edit') findings.trace(`${device.name}.${tab.name} ${what}`)
    switch (what) {
      case 'edit':
        return this.edits.make(user, device, tab, dataset)
      case 'settle': {
        const conflict = dataset.conflicts()[0]
        if (conflict !== undefined) conflict.resolve(this.choose(device, conflict))
        return
      }
      case 'parked': {
        const parked = dataset.parked()[0]
        if (parked !== undefined) void (draw.hit(0.5) ? parked.retry() : parked.discard())
        return
      }
      case 'synchronize':
        tab.client!.synchronize().catch((fault: unknown) => {
          if (!(fault instanceof ConnectionFault)) findings.found('synchronize', textOf(fault))
        })
        return
      case 'pause':
        network.patience.excuse(tab.life)
        return tab.client!.pause()
      case 'resume':
        network.patience.excuse(tab.life)
        return tab.client!.resume()
      case 'signIn':
        return this.people().signIn(open)
    }
  }
}
