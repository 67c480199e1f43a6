import { StreamWorld } from './testing/stream-world.js'

const seeds = Array.from({ length: 40 }, (_, index) => index + 1)

describe.each([1, 2, 3])('%i relays', (processes) => {
  test.each(seeds)(
    '[V20] every change is published, each dataset in its order, whatever fails and dies, seed %i',
    async (seed) => {
      const world = new StreamWorld(seed, { processes })
      await world.run(400)
      await world.heal()
      expect(world.judge()).toEqual([])
      expect(world.size).toBeGreaterThan(100)
    },
  )
})
