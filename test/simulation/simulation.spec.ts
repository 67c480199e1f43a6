import { jest } from '@jest/globals'
import { REGRESSION_SEEDS } from './regression-seeds.js'
import { simulate, type Run } from './simulate.js'
import { Situations } from './world/situations.js'

jest.setTimeout(600_000)

/** Always the same seeds, so that a failure is found again; `node test/simulation/run.js` goes on from here. */
const FROM = Number(process.env['SIMULATION_FROM'] ?? 1)
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 60)
/** With fewer seeds than this a situation may well be missing by chance. */
const SEEDS_FOR_SITUATIONS = 60

const story = ({ seed, violations }: Run): string =>
  violations.map(({ checker, message }) => `seed ${seed}, ${checker}: ${message}`).join('\n')

describe('real client and real server core, under faults', () => {
  test('[NG28] the same seed gives the same run', async () => {
    for (const seed of [3, 14, 159]) {
      const [first, second] = [await simulate(seed), await simulate(seed)]
      expect(second.hash).toBe(first.hash)
      expect(second.events).toBe(first.events)
    }
  })

  if (REGRESSION_SEEDS.length > 0) {
    test.each(REGRESSION_SEEDS)('[NG29] seed $seed, which once found: $found', async ({ seed }) => {
      expect(story(await simulate(seed))).toBe('')
    })
  }

  test('[NG29] nothing is lost, doubled, mixed up or stuck, whatever happens', async () => {
    const situations = new Situations()
    let operations = 0
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const run = await simulate(seed)
      expect(story(run)).toBe('')
      situations.add(run.situations)
      operations += run.operations
    }
    const counts = [...situations.counts].map(([situation, times]) => `${times} × ${situation}`).sort()
    process.stdout.write(`simulated seeds ${FROM} to ${FROM + SEEDS - 1}: ${operations} edits; ${counts.join(', ')}\n`)
    if (SEEDS >= SEEDS_FOR_SITUATIONS) expect(situations.missing()).toEqual([])
  })
})
