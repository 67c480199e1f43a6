import { openClient } from '@satchel/client/node'
import { scratchDirectory } from '../process/child.js'
import { until } from './relay-device.js'

const DATASET = 'bench'

/** A device as an app has it: journal on disk, token, everything. `guest` is the identity that devices share. */
export async function openSatchelDevice({ url, pool, guest, directory = scratchDirectory('device') }) {
  const client = await openClient({ endpoint: url, pool, directory, ...(guest === undefined ? {} : { guest }) })
  const dataset = client.dataset(DATASET)
  const waiting = new Set()
  dataset.subscribe(({ keys }) => {
    for (const look of waiting) look(keys)
  })
  return {
    client,
    dataset,
    put: (key, value) => dataset.put(key, value),
    get: (key) => dataset.get(key),
    entries: () => dataset.entries(),
    until: (test) => until(waiting, test),
    synchronized: () => client.synchronize(),
    live: () => whenLive(client),
    close: () => client.close(),
  }
}

/** Resolves when nothing is left to send or fetch. */
function whenLive(client) {
  return new Promise((resolve) => {
    if (client.status.kind === 'live') return resolve()
    const end = client.onStatus(({ kind }) => {
      if (kind !== 'live') return
      end()
      resolve()
    })
  })
}
