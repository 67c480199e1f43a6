import type { Random as ClientRandom } from '../../../libs/client/src/runtime/random.js'
import { Seeded } from '../../support/seeded.js'

/**
 * All chance of a run, split by label: what one part draws does not shift what another part draws, so that a fault
 * that is added to the simulation does not turn every known seed into another story.
 */
export class Chance extends Seeded implements ClientRandom {
  constructor(private readonly seed: number) {
    super(seed)
  }

  stream(label: string): Chance {
    let hash = this.seed | 0
    for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193)
    return new Chance(hash ^ (hash >>> 15))
  }

  fraction(): number {
    return this.next()
  }

  /** True once in a while: with probability `p`. */
  hit(p: number): boolean {
    return this.next() < p
  }

  /** One of the choices, by weight. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    const sum = choices.reduce((total, [weight]) => total + weight, 0)
    let at = this.next() * sum
    for (const [weight, choice] of choices) {
      at -= weight
      if (at < 0) return choice
    }
    return choices.at(-1)![1]
  }
}
