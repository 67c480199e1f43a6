import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { BusConnection } from './bus-connection.js'
import type { Wire } from './wire.js'

const TURNS = Array.from({ length: 20 }, (_, turns) => turns)

test.each(TURNS)(
  '[RD5] whenever it is closed while it opens, no connection is left behind: %i turns after',
  async (turns) => {
    let open = 0
    let opened!: () => void
    const wire: Wire = {
      open: async () => {
        await new Promise<void>((done) => (opened = done))
        open++
        return {
          publish: () => Promise.resolve(),
          subscribe: () => Promise.resolve(),
          unsubscribe: () => Promise.resolve(),
          ping: () => Promise.resolve(),
          close: () => void (open = 0),
        }
      },
    }
    const connection = new BusConnection({
      wire,
      join: () => Promise.resolve(),
      up: () => undefined,
      away: () => undefined,
      message: () => undefined,
      clock: new HeldClock(),
      random: new SeededRandom(1),
    })
    connection.start()
    opened()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    connection.close()
    await new Promise(setImmediate)
    expect(open).toBe(0)
  },
)
