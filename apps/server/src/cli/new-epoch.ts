import { readConfig } from '../config/config.js'
import { SystemClock } from '../runtime/clock.js'
import { openStores } from '../serve.js'

/** Servers are at work on the database; a sentence. */
export class NodesAtWork extends Error {
  constructor(nodes: readonly string[]) {
    super(
      `no new epoch was begun: ${nodes.length === 1 ? 'a server is' : `${nodes.length} servers are`} at work on the database (${nodes.join('; ')}). ` +
        'What they write on top of a backup in the epoch of the lost changes, devices and consumers of the stream may take for those. ' +
        'Stop them, begin the new epoch, then start them again.',
    )
    this.name = 'NodesAtWork'
  }
}

/** Begins a new epoch of every dataset, and tells of it. Rejects with {@link NodesAtWork} beside servers on PostgreSQL (X11). */
export async function newEpoch(): Promise<void> {
  const config = readConfig(process.env)
  const stores = await openStores(config)
  try {
    const nodes = (await stores.otherNodes?.()) ?? []
    if (nodes.length > 0) throw new NodesAtWork(nodes)
    const datasets = await stores.datasets.beginEpoch(new SystemClock().now())
    const where = config.databaseUrl === null ? config.dataDir : 'the database'
    process.stderr.write(`A new epoch has begun for ${datasets} datasets in ${where}.\n`)
  } finally {
    await stores.close()
  }
}
