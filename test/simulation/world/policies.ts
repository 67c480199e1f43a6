import type { Choice, ConflictPolicy, ConflictSides } from '../../../libs/client/src/api.js'
import type { PolicyKind } from '../swarm.js'
import type { SimDevice } from './sim-device.js'
import type { Stage } from './stage.js'

/** Some decision about a conflict, by the chance of its device. */
export type Chooser = (device: SimDevice, sides: ConflictSides) => Choice

/** The policy of a device's app; resolvers of its own decide by `choose`. */
export function conflictPolicy(
  kind: PolicyKind,
  device: SimDevice,
  choose: Chooser,
  { time, situations }: Pick<Stage, 'time' | 'situations'>,
): ConflictPolicy {
  switch (kind) {
    case 'remote':
    case 'local':
    case 'last-writer':
      return kind
    case 'quick':
      return (sides) => choose(device, sides)
    case 'slow':
      return (sides) =>
        new Promise((resolve) => {
          time.after(device.chance.next() * 30_000, () => resolve(choose(device, sides)))
        })
    case 'deferring':
      return (sides) => {
        if (device.chance.hit(0.3)) return choose(device, sides)
        situations.count('resolver deferred')
        return 'defer'
      }
    case 'throwing':
      return () => {
        situations.count('resolver threw')
        throw new Error('simulated: the resolver failed')
      }
  }
}
