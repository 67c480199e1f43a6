// A device of its own: a process with a client, that does what its standard input tells it, one JSON line each, and tells on its
// standard output what it is about to do and what was done. Lines are written synchronously, so that whatever was
// told before a SIGKILL is known to whoever reads them.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openClient } from '../../libs/client/dist/node.js'

let client = null
let loading = null
let resting = false
/** The batch of each dataset that was sent last: an answer does not repeat what it answers. */
const flights = new Map()

function tell(what) {
  const line = Buffer.from(`${JSON.stringify(what)}\n`)
  for (let written = 0; written < line.length;) {
    try {
      written += writeSync(1, line, written)
    } catch (error) {
      // The reader is behind; nothing may go on before it knows.
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

function wired({ direction, message, body }) {
  if (message !== 'sync') return
  for (const { dataset, batch } of body.datasets) {
    if (batch === null) continue
    if (direction === 'sent') {
      const { number, patches } = batch
      flights.set(dataset, { device: body.device, dataset, number })
      tell({ kind: 'batch', batch: { device: body.device, dataset, number, patches } })
    } else {
      tell({ kind: 'answer', answer: { ...flights.get(dataset), outcome: batch } })
    }
  }
}

const faultOf = (error) => ({ name: error.name, kind: error.kind ?? error.code ?? null, message: error.message })

const shownOf = (name) => {
  const dataset = client.dataset(name)
  return {
    entries: dataset.entries(),
    pending: dataset.pending(),
    conflicts: dataset.conflicts().map(({ key }) => key),
    parked: dataset.parked().map(({ key, code }) => ({ key, code })),
    syncCount: dataset.syncCount,
    usage: dataset.usage(),
  }
}

/** Numbers that can be had again (mulberry32). */
const chanceFrom = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

/** Edits without end: keys of its own, two of them always together, and keys that every device writes. */
async function load({ seed, device, from, own, shared, restMs = 12 }) {
  const chance = chanceFrom(seed)
  const below = (bound) => Math.floor(chance() * bound)
  let last = null
  for (let n = from; !resting; n++) {
    const stamp = `${device}:${n}:${'x'.repeat(below(200))}`
    const value = () => (chance() < 0.2 ? null : stamp)
    const dataset = own[below(own.length)]
    const drawn = chance()
    let edits = [[`${device}.${below(6)}`, value()]]
    if (drawn < 0.2) edits = ['a', 'b'].map((half) => [`${device}.pair.${half}`, stamp])
    else if (drawn < 0.35) edits = [1, 2, 3].map(() => [`${device}.${below(6)}`, value()])
    const job = drawn > 0.75 ? { dataset: shared, edits: [[`shared.${below(4)}`, value()]] } : { dataset, edits }
    tell({ kind: 'intent', intent: { n, ...job, before: Date.now() } })
    const write = client.dataset(job.dataset).edit(job.edits)
    const after = Date.now()
    const saved = write.saved.then(
      () => tell({ kind: 'saved', n, after }),
      (error) => tell({ kind: 'failed', n, fault: faultOf(error) }),
    )
    last = saved
    if (chance() < 0.6) await saved
    if (chance() < 0.7) await new Promise((resolve) => setTimeout(resolve, below(restMs)))
  }
  // Edits are saved in their order.
  await last
}

const commands = {
  async open({ options, datasets }) {
    client = await openClient({
      ...options,
      onWire: wired,
      onFault: (error) => tell({ kind: 'fault', fault: faultOf(error) }),
    })
    client.onStatus((status) => tell({ kind: 'status', status }))
    return Object.fromEntries(datasets.map((name) => [name, shownOf(name)]))
  },
  load(job) {
    loading = load(job)
    return null
  },
  async rest() {
    resting = true
    await loading
  },
  /** Answers once the edit is shown, and tells when it is saved. */
  edit({ dataset, edits, n }) {
    const write = client.dataset(dataset).edit(edits)
    write.saved.then(
      () => tell({ kind: 'saved', n, after: Date.now() }),
      (error) => tell({ kind: 'failed', n, fault: faultOf(error) }),
    )
    write.outcome.then((outcome) => tell({ kind: 'outcome', n, outcome }))
    return null
  },
  listen({ dataset }) {
    client.dataset(dataset).subscribe(({ by }) => {
      if (by === 'server') tell({ kind: 'changed', dataset, at: Date.now() })
    })
  },
  show: ({ dataset }) => shownOf(dataset),
  synchronize: () => client.synchronize(),
  status: () => client.status,
  pause: () => client.pause(),
  resume: () => client.resume(),
  close: () => client.close(),
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, command, ...rest } = JSON.parse(line)
  try {
    tell({ kind: 'reply', id, reply: (await commands[command](rest)) ?? null })
  } catch (error) {
    tell({ kind: 'reply', id, fault: faultOf(error) })
  }
})
process.stdin.on('end', () => process.exit())
tell({ kind: 'started' })
