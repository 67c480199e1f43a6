import { StreamWorld } from './testing/stream-world.js'

const seeds = Array.from({ length: 25 }, (_, index) => index + 1)

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

test('[V20] the histories have in them what they are meant to prove something about', async () => {
  const met = { repeats: 0, takeovers: 0, links: 0, lateCommits: 0, refusals: 0 }
  for (const seed of seeds.slice(0, 10)) {
    const world = new StreamWorld(seed, { processes: 2 })
    await world.run(400)
    await world.heal()
    for (const [name, times] of Object.entries(world.met())) met[name as keyof typeof met] += times
  }
  for (const times of Object.values(met)) expect(times).toBeGreaterThan(50)
})
