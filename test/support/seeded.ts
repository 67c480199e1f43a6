import { SeededRandom } from '../../apps/server/src/runtime/testing/seeded-random.js'

/** Given again by SATCHEL_E2E_SEED, a run makes the same choices; the moments at which things happen are still the machine's. */
export const RUN_SEED = Number(process.env['SATCHEL_E2E_SEED'] ?? Date.now() % 2_147_483_647)

/** Chance that can be had again, in the forms that a load of random requests wants. */
export class Seeded extends SeededRandom {
  /** A whole number, both ends included. */
  from(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.from(0, choices.length - 1)]!
  }

  /** Another source of chance, so that what one worker draws does not shift what the next one draws. */
  fork(): Seeded {
    return new Seeded(this.from(0, 0x7fffffff))
  }
}
