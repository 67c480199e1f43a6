import type { OutboxRow } from '../../domain/outbox-row.js'
import type { StoredMessage } from './memory-kafka.js'

/**
 * What a topic holds, against everything that was committed for it; says what is wrong, nothing if all is well. Judged for each dataset on its own: all of it is on one
 * partition, the first appearances of its changes are the chain as it was committed, from its beginning and without a gap, and every
 * repeat is the same but for the lease's epoch.
 */
export function judgeStream(
  committed: readonly OutboxRow[],
  topic: readonly StoredMessage[],
  linkedIds: ReadonlySet<string> = new Set(),
): readonly string[] {
  const findings: string[] = []
  const rowsById = new Map(committed.map((row) => [row.id, row]))
  const firstsByDataset = new Map<string, string[]>()
  const firstById = new Map<string, string>()
  const partitionByDataset = new Map<string, number>()
  const chainsByDataset = new Map<string, string[]>()
  for (const row of committed) {
    chainsByDataset.set(datasetOf(row), [...(chainsByDataset.get(datasetOf(row)) ?? []), row.id])
  }

  for (const message of topic) {
    const id = message.headers['id']!
    const row = rowsById.get(id)
    if (row === undefined) {
      findings.push(`"${id}" was published and never committed`)
      continue
    }
    const dataset = datasetOf(row)
    const partition = partitionByDataset.get(dataset) ?? message.partition
    partitionByDataset.set(dataset, partition)
    if (partition !== message.partition) findings.push(`${dataset} is on partitions ${partition}, ${message.partition}`)

    if (message.value !== row.payload && !linkedIds.has(id)) findings.push(`"${id}" has another value than its row`)
    const told = JSON.stringify([message.key, message.value, { ...message.headers, leaseEpoch: null }])
    const first = firstById.get(id)
    if (first === undefined) {
      firstById.set(id, told)
      firstsByDataset.set(dataset, [...(firstsByDataset.get(dataset) ?? []), id])
    } else if (first !== told) {
      findings.push(`"${id}" was published again, and differently`)
    }
  }

  for (const [dataset, chain] of chainsByDataset) {
    const firsts = firstsByDataset.get(dataset) ?? []
    const broken = chain.findIndex((id, at) => firsts[at] !== id)
    if (broken >= 0) findings.push(`${dataset}: "${chain[broken]}" should come next, "${firsts[broken]}" does`)
  }
  return findings
}

const datasetOf = ({ identity, dataset }: OutboxRow): string => `${identity}/${dataset}`
