import { hintBusContract } from './hint-bus.contract.js'
import { MemoryExchange } from './testing/memory-wire.js'

describe('the bus in memory', () => {
  const exchange = new MemoryExchange()
  const at = (work: () => void) => Promise.resolve(work())
  hintBusContract(() => ({
    wire: () => exchange.wire(),
    cut: () => at(() => exchange.cut()),
    go: () => at(() => exchange.go()),
    back: () => at(() => exchange.back()),
    pause: () => exchange.pause(),
    resume: () => exchange.resume(),
    publish: (channel, sealed) => at(() => exchange.publish(channel, sealed)),
    channels: () => Promise.resolve([...exchange.channels]),
  }))
})
