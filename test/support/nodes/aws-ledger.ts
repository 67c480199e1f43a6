import type { Reached, Somebody } from '../a-pool.js'
import { DatasetHistory, differences } from '../dataset-history.js'
import { deviceAt, type Patch } from '../wire-client.js'

type Held = Readonly<{ who: Somebody; dataset: string; history: DatasetHistory }>

/** All that callers of the AWS face were told of their datasets, and what is wrong with what a node says of them. */
export class AwsLedger {
  readonly faults: string[] = []
  private readonly held = new Map<string, Held>()

  historyOf(who: Somebody, dataset: string): DatasetHistory {
    const key = `${who.identity} ${dataset}`
    const held = this.held.get(key) ?? { who, dataset, history: new DatasetHistory() }
    this.held.set(key, held)
    return held.history
  }

  /** Takes down that an update was accepted; answers its count. */
  accepted(
    { who, dataset, patches }: Readonly<{ who: Somebody; dataset: string; patches: readonly Patch[] }>,
    records: readonly { SyncCount: number }[],
  ): number {
    const [count, ...others] = new Set(records.map(({ SyncCount }) => SyncCount))
    if (others.length > 0) this.faults.push(`one update was answered with the counts ${[count, ...others].join()}`)
    try {
      this.historyOf(who, dataset).accepted(count!, patches)
    } catch (fault) {
      this.faults.push(`${dataset}: ${(fault as Error).message}`)
    }
    return count!
  }

  /** How many datasets an identity has. */
  datasetsOf({ identity }: Somebody): number {
    return [...this.held.values()].filter(({ who, history }) => who.identity === identity && history.replay().exists)
      .length
  }

  /** Bytes that the datasets of all identities come to. */
  get bytes(): number {
    return [...this.held.values()].reduce((sum, { history }) => sum + history.replay().bytes, 0)
  }

  /** What is wrong with what a node says of records and of usage, in words; empty when nothing is. */
  async faultsAt(node: Reached): Promise<readonly string[]> {
    const faults: string[] = []
    const expected = new Map<string, { who: Somebody; datasets: number; bytes: number }>()
    for (const { who, dataset, history } of this.held.values()) {
      const replayed = history.replay()
      const told = differences(replayed, await deviceAt(node, who).list(dataset))
      faults.push(...told.map((fault) => `${node.url} ${dataset}: ${fault}`))
      const sum = expected.get(who.identity) ?? { who, datasets: 0, bytes: 0 }
      sum.datasets += Number(replayed.exists)
      sum.bytes += replayed.bytes
      expected.set(who.identity, sum)
    }
    for (const { who, datasets, bytes } of expected.values()) {
      const { DatasetCount, DataStorage } = await deviceAt(node, who).usage()
      if (DatasetCount !== datasets || DataStorage !== bytes)
        faults.push(`usage is ${DatasetCount} datasets, ${DataStorage} bytes, not ${datasets}, ${bytes}`)
    }
    return faults
  }
}
