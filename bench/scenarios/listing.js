import { atMost, result } from '../report/result.js'
import { grouped } from '../report/table.js'
import { startWithGuests } from '../seed/prepared-server.js'

export const name = 'listing'
export const title = 'a full dataset listed'

const RECORDS = 1_024
const RECORD_BYTES = 1_024 // key and value: 1,024 of them are exactly the 1,048,576 bytes that a dataset may hold
const LISTINGS = 50

/** One device asks again and again for a whole dataset, until the last byte is there. */
export async function run({ quick, say, generator, env }) {
  const rounds = quick ? 1 : 3
  const server = await startWithGuests({ count: 1, env })
  const { port, pool, identities } = server
  const [identity] = identities
  await generator.ask({ call: 'enter', port, pool, identities })
  const keyBytes = 'key-0000'.length
  const workload = {
    dataset: 'full',
    connections: 1,
    updatesPerConnection: 1,
    patches: RECORDS,
    keysPerDataset: RECORDS,
    valueBytes: RECORD_BYTES - keyBytes,
  }
  await generator.ask({ call: 'prepareUpdates', name: 'fill', port, workload, identities, round: 0 })
  await generator.ask({ call: 'send', name: 'fill', port })

  await generator.ask({ call: 'prepareListings', name: 'warm-up', port, identity, dataset: 'full', times: 3 })
  const [body] = await generator.ask({ call: 'sendAndRead', name: 'warm-up', port })
  refuseWrongListing(JSON.parse(body))

  await generator.ask({ call: 'prepareListings', name: 'full', port, identity, dataset: 'full', times: LISTINGS })
  const runs = []
  for (let round = 1; round <= rounds; round++) {
    runs.push(await generator.ask({ call: 'send', name: 'full', port }))
    say(`round ${round}: p50 ${runs.at(-1).p50.toFixed(1)} ms`)
  }
  await server.stop()
  const worst = Math.max(...runs.map(({ p99 }) => p99))
  return [
    result({
      name: 'listing',
      title: `a dataset of ${grouped(RECORDS)} records, ${grouped(RECORDS * RECORD_BYTES)} bytes, listed (p50 of ${LISTINGS})`,
      unit: 'ms',
      rounds: runs.map(({ p50 }) => p50),
      goal: atMost(60),
      notes: [`answer of ${grouped(body.length)} bytes; p99 ${worst.toFixed(1)} ms at worst`],
    }),
  ]
}

/** A listing that lacks something is no figure but a failure. */
function refuseWrongListing({ Records: records, Count: count }) {
  const bytes = records.reduce((sum, { Key, Value }) => sum + Key.length + Value.length, 0)
  if (count === RECORDS && records.length === RECORDS && bytes === RECORDS * RECORD_BYTES) return
  throw new Error(`the full dataset was listed with ${records.length} records (Count ${count}) of ${bytes} bytes`)
}
