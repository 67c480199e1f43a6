import { byteSize, DATASETS_PER_MESSAGE_MAX, type DatasetName, type NumberedBatch } from '@satchel/protocol'
import { BATCH_BYTES_MAX } from './pick-patches.js'

/** A dataset that has something to send or to ask; with `alone` it shares its message with no other. */
export type Due = Readonly<{ dataset: DatasetName; flight: NumberedBatch | null; alone: boolean }>

/** Puts datasets that are due together into messages, bounded in number and bytes; a single batch always fits (NE6). */
export function packMessages(due: Iterable<Due>): DatasetName[][] {
  const messages: DatasetName[][] = []
  let bytes = 0
  let isOpen = false
  for (const { dataset, flight, alone } of due) {
    const more = sizeOf(flight)
    const last = messages.at(-1)
    if (
      last !== undefined &&
      isOpen &&
      !alone &&
      last.length < DATASETS_PER_MESSAGE_MAX &&
      bytes + more <= BATCH_BYTES_MAX
    ) {
      last.push(dataset)
      bytes += more
    } else {
      messages.push([dataset])
      bytes = more
      isOpen = !alone
    }
  }
  return messages
}

const sizeOf = (flight: NumberedBatch | null): number => {
  let bytes = 0
  for (const patch of flight?.patches ?? []) {
    bytes += byteSize(patch.key) + (patch.op === 'replace' ? byteSize(patch.value) : 0)
  }
  return bytes
}
