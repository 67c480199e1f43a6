import { eventually } from '../../../../test/support/eventually.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { hintBusContract } from './hint-bus.contract.js'
import { BusNode, change, identity } from './testing/bus-nodes.js'
import { MemoryExchange } from './testing/memory-wire.js'
import type { Wire, WireConnection } from './wire.js'

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

describe('what happens while a node is not up yet', () => {
  const WITHIN_MS = 20_000
  const ANNA = identity(1)
  let exchange: MemoryExchange
  let nodes: BusNode[]
  beforeEach(() => {
    exchange = new MemoryExchange()
    nodes = []
  })
  afterEach(() => Promise.all(nodes.map(({ bus }) => bus.close())))

  const aNode = (...given: ConstructorParameters<typeof BusNode>): BusNode => {
    const node = new BusNode(...given)
    nodes.push(node)
    return node
  }
  const aListener = async (): Promise<BusNode> => {
    const node = aNode(exchange.wire())
    await node.bus.start(WITHIN_MS)
    await node.bus.listen(ANNA)
    return node
  }

  test('[RD3] of what is told then the others hear, or they are asked afterwards to look', async () => {
    const other = await aListener()
    const looks: number[] = []
    let told = false
    const joining: BusNode = aNode(
      planted(exchange.wire(), (connection) => ({
        publish: async (channel, sealed) => {
          await connection.publish(channel, sealed)
          if (told) return
          told = true
          looks.push(other.missed.length)
          joining.bus.tell([change(ANNA, 1)])
        },
      })),
    )
    await joining.bus.start(WITHIN_MS)
    await eventually(() => {
      expect(other.counts.length + other.missed.length - looks[0]!).toBeGreaterThan(0)
      return Promise.resolve()
    }, WITHIN_MS)
  })

  test('[RD3] of what is dropped then because it was too much, the others are asked to look', async () => {
    const other = await aListener()
    let goOn!: () => void
    const held = new Promise<void>((done) => (goOn = done))
    let subscribes = 0
    const wire = planted(exchange.wire(), (connection) => ({
      // The first is for what concerns everybody, the second for the identities that are watched.
      subscribe: async (channels) => {
        if (++subscribes === 2) await held
        await connection.subscribe(channels)
      },
    }))
    const clock = new HeldClock()
    const joining = aNode(wire, { clock, bounds: { outgoing: { messagesMax: 1, bytesMax: 1_000_000 } } })
    void joining.bus.listen(ANNA)
    const started = joining.bus.start(WITHIN_MS)
    await eventually(() => {
      expect(subscribes).toBe(2)
      return Promise.resolve()
    }, WITHIN_MS)
    const looks = other.missed.length
    joining.bus.tell([change(ANNA, 1), change(ANNA, 2)])
    expect(joining.drops).toEqual(['full'])
    await eventually(() => {
      expect(joining.bus.underway).toBe(0)
      return Promise.resolve()
    }, WITHIN_MS)
    clock.advance(1_000)
    await eventually(() => {
      expect(other.missed.length).toBeGreaterThan(looks)
      return Promise.resolve()
    }, WITHIN_MS)
    goOn()
    await started
  })
})

/** A wire whose connections do some things otherwise. */
const planted = (wire: Wire, otherwise: (connection: WireConnection) => Partial<WireConnection>): Wire => ({
  open: async (listener) => {
    const connection = await wire.open(listener)
    const usual: WireConnection = {
      publish: (...what) => connection.publish(...what),
      subscribe: (channels) => connection.subscribe(channels),
      unsubscribe: (channels) => connection.unsubscribe(channels),
      ping: () => connection.ping(),
      close: () => connection.close(),
    }
    return { ...usual, ...otherwise(connection) }
  },
})
