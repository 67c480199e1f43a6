import type { Entry } from '../../libs/client/src/journal/entry.js'
import type { Journal } from '../../libs/client/src/journal/journal.js'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { onSync as beforeSync } from './on-sync.js'
import type { Swarm } from './swarm.js'
import type { PortWraps } from './world/sim-device.js'

/** A mistake that somebody could make, put between the product and one of its ports. */
export type PlantedBug = Readonly<{
  name: string
  /** What has to find it; any of them. */
  caughtBy: readonly string[]
  wraps: () => PortWraps
  /** Makes the circumstances likely in which the mistake does harm. */
  adjust?: (swarm: Swarm) => Swarm
}>

const stormy = (swarm: Swarm): Swarm => ({ ...swarm, disasters: 0.2, gapMsMax: 200, stormMs: 60_000 })

/** The journal as it is, but for the members given. */
function journalWith(journal: Journal, changed: Partial<Journal>): Journal {
  return {
    recover: () => journal.recover(),
    append: (group, term) => journal.append(group, term),
    readAfter: (place) => journal.readAfter(place),
    compact: (snapshot, term) => journal.compact(snapshot, term),
    begin: (snapshot) => journal.begin(snapshot),
    takeTerm: () => journal.takeTerm(),
    get grown() {
      return journal.grown
    },
    close: () => journal.close(),
    ...changed,
  }
}

const onJournal = (change: (journal: Journal) => Partial<Journal>): PortWraps => ({
  journal: (journal) => {
    const changed = change(journal)
    return journalWith(journal, changed)
  },
})

/** Changes what goes into a journal. */
const onEntries = (change: (entry: Entry) => Entry | null): PortWraps =>
  onJournal((journal) => ({
    append: (group, term) => {
      const kept = group.map(change).filter((entry): entry is Entry => entry !== null)
      return journal.append(kept, term)
    },
  }))

const onSync = (change: Parameters<typeof beforeSync>[1]): PortWraps => ({
  platform: (platform) => ({ ...platform, transport: beforeSync(platform.transport, change) }),
})

let numbers = 1_000_000

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'B24, B33: a batch that is sent again takes a new number',
    caughtBy: ['once'],
    adjust: (swarm) => ({ ...swarm, network: { ...swarm.network, swallow: 0.3 } }),
    wraps: () =>
      onSync((request, ask) =>
        ask({
          ...request,
          datasets: request.datasets.map((exchange) =>
            exchange.batch === null ? exchange : { ...exchange, batch: { ...exchange.batch, number: numbers++ } },
          ),
        }),
      ),
  },
  {
    name: 'B34: saved is said before the journal keeps it',
    caughtBy: ['saved'],
    adjust: (swarm) => ({ ...stormy(swarm), tabsMax: 1 }),
    wraps: () =>
      onJournal((journal) => {
        let last = 0
        return {
          recover: async () => {
            const recovered = await journal.recover()
            last = recovered.groups.at(-1)?.place ?? recovered.snapshot?.through ?? 0
            return recovered
          },
          append: (group, term) => {
            if (term === null) {
              journal.append(group, term).catch(() => {})
              return Promise.resolve(++last)
            }
            return journal.append(group, term).then((place) => (last = place))
          },
        }
      }),
  },
  {
    name: 'B35: a transaction that aborts is forgotten, and its promise never settles',
    caughtBy: ['convergence', 'stall'],
    wraps: () => {
      let calls = 0
      return onJournal((journal) => ({
        append: (group, term) => (++calls % 40 === 0 ? new Promise(() => {}) : journal.append(group, term)),
      }))
    },
  },
  {
    name: 'B37: a snapshot speaks for a group that it does not hold',
    caughtBy: ['saved', 'open', 'convergence'],
    adjust: (swarm) => ({ ...stormy(swarm), diskFaults: { ...swarm.diskFaults, exaggeration: 1_000 } }),
    wraps: () =>
      onJournal((journal) => {
        let before: Uint8Array | null = null
        return {
          async compact({ through, bytes }, term) {
            await journal.compact({ through, bytes: before ?? bytes }, term)
            before = bytes
          },
        }
      }),
  },
  {
    name: 'B39: an edit forgets the count that it was made against',
    caughtBy: ['intent'],
    wraps: () =>
      onSync(async (request, ask) => {
        const answer = await ask(request)
        const stale = answer.datasets.findIndex(({ batch }) => batch?.outcome === 'conflict')
        const outcome = answer.datasets[stale]?.batch
        if (outcome?.outcome !== 'conflict') return answer
        const { key, held } = outcome
        return ask({
          ...request,
          datasets: request.datasets.map((exchange, index) =>
            index !== stale || exchange.batch === null
              ? exchange
              : {
                  ...exchange,
                  batch: {
                    number: exchange.batch.number,
                    patches: exchange.batch.patches.map((patch) =>
                      patch.key === key ? { ...patch, base: held } : patch,
                    ),
                  },
                },
          ),
        })
      }),
  },
  {
    name: 'B43: of several records in an answer only the first is taken',
    caughtBy: ['convergence'],
    wraps: () =>
      onSync(async (request, ask) => {
        const answer = await ask(request)
        return {
          datasets: answer.datasets.map((one) =>
            one.changes === null
              ? one
              : { ...one, changes: { ...one.changes, records: one.changes.records.slice(0, 1) } },
          ),
        }
      }),
  },
  {
    name: 'B46: a batch that is refused for good is sent for ever',
    caughtBy: ['stall', 'convergence'],
    adjust: (swarm) => ({
      ...swarm,
      limits: { ...swarm.limits, recordsPerDatasetMax: 3 },
      devicesPerIdentity: 3,
      disasters: 0.1,
    }),
    wraps: () =>
      onSync(async (request, ask) => {
        const answer = await ask(request)
        if (answer.datasets.every(({ batch }) => batch?.outcome !== 'refused')) return answer
        throw new ConnectionFault('cut', 'planted: taken for a fault that passes')
      }),
  },
  {
    name: "B47: the server's Retry-After is not looked at",
    caughtBy: ['retry-after'],
    adjust: (swarm) => ({ ...swarm, network: { ...swarm.network, busy: 0.3 } }),
    wraps: () =>
      onSync(async (request, ask) => {
        try {
          return await ask(request)
        } catch (fault) {
          if (!(fault instanceof ConnectionFault) || fault.error === null) throw fault
          throw new ConnectionFault(fault.kind, fault.message, { ...fault.error, retryAfterMs: null })
        }
      }),
  },
  {
    name: "B48: a guest's edits are lost at sign-in",
    caughtBy: ['saved'],
    adjust: (swarm) => ({ ...swarm, guests: true }),
    wraps: () => onEntries((entry) => (entry.kind === 'adopt' ? { ...entry, datasets: [] } : entry)),
  },
  {
    name: 'an answer is never journaled, so that what was accepted is sent as new after a restart',
    caughtBy: ['convergence', 'stall', 'once', 'defect', 'open'],
    adjust: stormy,
    wraps: () =>
      onEntries((entry) => (entry.kind === 'answer' && entry.batch !== null ? { ...entry, batch: null } : entry)),
  },
  {
    name: 'a removal is kept as an empty value',
    caughtBy: ['convergence', 'saved'],
    wraps: () =>
      onSync((request, ask) =>
        ask({
          ...request,
          datasets: request.datasets.map((exchange) =>
            exchange.batch === null
              ? exchange
              : {
                  ...exchange,
                  batch: {
                    number: exchange.batch.number,
                    patches: exchange.batch.patches.map((patch) =>
                      patch.op === 'remove' ? { ...patch, op: 'replace', value: '' } : patch,
                    ),
                  },
                },
          ),
        }),
      ),
  },
]
