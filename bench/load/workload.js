/**
 * Updates as a pure function of their place, so that whoever makes them, load generator or bare loop, makes the same
 * ones and knows every record's sync count without asking.
 *
 * Each connection has identities of its own and goes round them, so that the updates of one identity follow each
 * other. An update writes the next `patches` of `keysPerDataset` keys.
 *
 * @typedef {Readonly<{
 *   dataset: string
 *   connections: number
 *   updatesPerConnection: number
 *   patches: number
 *   keysPerDataset: number
 *   valueBytes: number
 *   updatesBefore?: number
 * }>} Workload `updatesBefore`: how many updates each dataset is in the state of, before the first round.
 *
 * @typedef {Readonly<{ connection: number, identity: string, slot: number, base: number, count: number }>} Step
 */

/**
 * The updates of one round in the order in which they are sent: every connection's first, then every second.
 *
 * @returns {Step[]}
 */
export function connectionPlan(workload, identities, round) {
  const { connections, updatesPerConnection, patches, keysPerDataset, updatesBefore = 0 } = workload
  const slots = keysPerDataset / patches
  const owned = Array.from({ length: connections }, (_, connection) =>
    identities.filter((_, at) => at % connections === connection),
  )
  const steps = []
  for (let at = round * updatesPerConnection; at < (round + 1) * updatesPerConnection; at++) {
    for (let connection = 0; connection < connections; connection++) {
      const mine = owned[connection]
      const before = updatesBefore + Math.floor(at / mine.length)
      steps.push({
        connection,
        identity: mine[at % mine.length],
        slot: before % slots,
        base: Math.max(0, before - slots + 1),
        count: before + 1,
      })
    }
  }
  return steps
}

/** The records that a step writes. */
export function batchRows({ dataset, patches, valueBytes }, { identity, slot, base, count }) {
  return Array.from({ length: patches }, (_, at) => {
    const key = keyName(slot * patches + at)
    return { identity, dataset, key, base, count, value: valueOf(identity, key, count, valueBytes) }
  })
}

export const keyName = (at) => `key-${String(at).padStart(4, '0')}`

/** ASCII of exactly so many bytes, different for every write. */
export const valueOf = (identity, key, count, bytes) =>
  `${count} ${key} ${identity} `.padEnd(bytes, FILLER).slice(0, bytes)

const FILLER = 'The quick brown fox jumps over the lazy dog, and so on; '
