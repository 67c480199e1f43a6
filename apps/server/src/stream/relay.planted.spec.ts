import type { Message, Publisher } from './publisher.js'
import { StreamWorld, type Plant } from './testing/stream-world.js'

/** Bugs that relays have had, each put where a port or the clock comes in; what judges the histories must see every one of them. */
const PLANTS: Readonly<Record<string, () => Plant>> = {
  'reads on from a cursor instead of from the first unpublished row': () => ({
    outbox: (outbox) => {
      const through = new Map<number, number>()
      return replacing(outbox, {
        unpublished: async (shards, page) => {
          const rows = await outbox.unpublished(shards, page)
          return rows.filter(({ shard, seq }) => seq > (through.get(shard) ?? 0))
        },
        markPublished: (request) => {
          through.set(request.shard, Math.max(through.get(request.shard) ?? 0, ...request.seqs))
          return outbox.markPublished(request)
        },
      })
    },
  }),
  'marks everything up to the highest row it sent': () => ({
    outbox: (outbox) =>
      replacing(outbox, {
        markPublished: (request) => {
          const seqs = Array.from({ length: Math.max(...request.seqs) }, (_, index) => index + 1)
          return outbox.markPublished({ ...request, seqs })
        },
      }),
  }),
  'marks before Kafka acknowledged': () => ({
    open: (open) => () => {
      const publisher = open()
      let before: Promise<unknown> = Promise.resolve()
      const publish: Publisher['publish'] = (topic, messages) => {
        before = before.then(() => publisher.publish(topic, messages))
        return Promise.resolve({ kind: 'acknowledged' })
      }
      return { publish, close: () => undefined }
    },
  }),
  'takes an answer that did not come for a good one': () => ({
    open: (open) => () => {
      const publisher = open()
      const publish: Publisher['publish'] = async (topic, messages) => {
        const outcome = await publisher.publish(topic, messages)
        return outcome.kind === 'unknown' ? { kind: 'acknowledged' } : outcome
      }
      return { publish, close: () => publisher.close() }
    },
  }),
  'has two sends in flight': () => ({
    open: (open) => () => {
      const pair = [open(), open()] as const
      const publish: Publisher['publish'] = async (topic, messages) => {
        const middle = Math.floor(messages.length / 2)
        const send = (publisher: Publisher, some: readonly Message[]) =>
          some.length === 0 ? ({ kind: 'acknowledged' } as const) : publisher.publish(topic, some)
        const outcomes = await Promise.all([
          send(pair[0], messages.slice(0, middle)),
          send(pair[1], messages.slice(middle)),
        ])
        return outcomes.find(({ kind }) => kind !== 'acknowledged') ?? outcomes[0]
      }
      return { publish, close: () => pair.forEach((publisher) => publisher.close()) }
    },
  }),
  'goes on with a publisher after an error': () => ({
    open: (open) => {
      let only: Publisher | null = null
      return () => ({ publish: (...given) => (only ??= open()).publish(...given), close: () => undefined })
    },
  }),
  'sends what it read under a lease that another had meanwhile, with its own': () => ({
    outbox: (outbox) => {
      // What was read once is answered again a while later, as if the line had kept it while its shard was another's.
      let kept: Awaited<ReturnType<typeof outbox.unpublished>> = []
      let reads = 0
      return replacing(outbox, {
        unpublished: async (shards, page) => {
          const rows = await outbox.unpublished(shards, page)
          if (++reads % 10 === 0) kept = rows
          return reads % 10 === 7 ? kept.slice(1) : rows
        },
      })
    },
  }),
  'does not look at its lease right before it sends': () => ({
    clock: (clock) => {
      // Learns the time only now and then, as a relay does that looked at its lease before the last wait.
      let [now, elapsed] = [clock.now(), clock.elapsed()]
      const look = () => {
        ;[now, elapsed] = [clock.now(), clock.elapsed()]
        lookLater()
      }
      const lookLater = () => clock.after(1_000, () => clock.after(100, look))
      lookLater()
      return {
        now: () => now,
        elapsed: () => elapsed,
        after: (ms, work) => clock.after(ms, work),
        soon: (work) => clock.soon(work),
      }
    },
  }),
}

test.each(Object.keys(PLANTS))('[V20] a relay that %s is found out', async (bug) => {
  const findings: string[] = []
  for (let seed = 1; seed <= 30 && findings.length === 0; seed++) {
    const world = new StreamWorld(seed, { processes: 2, plant: PLANTS[bug]!() })
    await world.run(400)
    await world.heal()
    findings.push(...world.judge())
  }
  expect(findings).not.toEqual([])
})

/** A port with some of its methods replaced, whatever it is made of. */
function replacing<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, { get: (_, name) => Reflect.get(name in methods ? methods : port, name) as unknown })
}
