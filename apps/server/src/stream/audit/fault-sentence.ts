import type { StreamPosition } from '../../domain/stream-standing.js'
import type { Finding } from './findings.js'
import type { Reach } from './log-reach.js'
import type { Fault } from './verdict.js'

/** What is wrong with a dataset's stream, and what can be done about it, in sentences. */
export function faultSentences({ faults, reach }: Finding): readonly string[] {
  return faults.flatMap((fault) => [
    sentenceOf(fault),
    ...(lacks(fault) && reach !== null ? reachSentences(reach) : []),
  ])
}

const lacks = ({ kind }: Fault): boolean => kind === 'missing' || kind === 'inverted'

function sentenceOf(fault: Fault): string {
  switch (fault.kind) {
    case 'missing':
      return fault.after === null
        ? `missing: its first change is not in the topic; its newest is ${place(fault.through)}`
        : `missing: the change after ${place(fault.after)} is not in the topic; the newest is ${place(fault.through)}`
    case 'inverted':
      return `inverted: the change after ${place(fault.after)} came before it, and not again; the newest is ${place(fault.through)}`
    case 'phantom':
      return `phantom: the topic has ${place(fault.seen)}, the dataset has only reached ${place(fault.reached)} (was a backup put back without --new-epoch?)`
    case 'altered':
      return `altered: two messages of ${place(fault.at)} differ`
    case 'scattered':
      return `scattered: its changes are in partitions ${fault.partitions.join(' and ')}, between which there is no order`
  }
}

function reachSentences({ from, rows, lost }: Reach): readonly string[] {
  const sentences: string[] = []
  if (from !== null) sentences.push(`repairable: the change log has ${rows} changes from ${place(from)} on`)
  if (lost !== null) sentences.push(`lost: ${lostPlaces(lost)} not in the change log either${rest(from, rows)}`)
  return sentences
}

function lostPlaces({ after, through }: NonNullable<Reach['lost']>): string {
  if (after !== null && after.epoch !== through.epoch) {
    return `changes after ${place(after)}, up to ${place(through)}, are`
  }
  const first = (after?.syncCount ?? 0) + 1
  return first === through.syncCount
    ? `${place(through)} is`
    : `changes between count ${first} and count ${through.syncCount} of epoch ${through.epoch} are`
}

const rest = (from: StreamPosition | null, rows: number): string =>
  from === null && rows > 0 ? `; it has the ${rows} after that` : ''

/** For instance `count 7 of epoch 0`. */
const place = ({ epoch, syncCount }: StreamPosition): string => `count ${syncCount} of epoch ${epoch}`
