import { comparePositions, streamStanding, type StreamPosition } from '../../domain/stream-standing.js'
import type { Chain } from './chain.js'
import type { KnownDataset } from './known-dataset.js'

type Known = Pick<KnownDataset, 'reached' | 'streamed' | 'log'>

/** What is wrong with a dataset's stream. */
export type Fault =
  /** A change is not in the topic: the first one after `after` that the stream carried, up to `through` as far as known. */
  | Readonly<{ kind: 'missing'; after: StreamPosition | null; through: StreamPosition }>
  /** Every change is there, but those after `after` came before it, and not again. */
  | Readonly<{ kind: 'inverted'; after: StreamPosition; through: StreamPosition }>
  /** The topic tells of a count that the dataset has not reached. */
  | Readonly<{ kind: 'phantom'; seen: StreamPosition; reached: StreamPosition }>
  /** Two messages of one change differ. */
  | Readonly<{ kind: 'altered'; at: StreamPosition }>
  /** Changes lie in two partitions, between which there is no order. */
  | Readonly<{ kind: 'scattered'; partitions: readonly [number, number] }>

export type Verdict = Readonly<{
  faults: readonly Fault[]
  /** The newest changes are not published yet. */
  waiting: boolean
  /** Changes older than what the topic still holds cannot be judged. */
  unjudged: boolean
  /** The store no longer has the dataset. */
  gone: boolean
}>

/** Of a dataset's partition, where it is not in the topic at all. */
export type Trimming = Readonly<{
  /** When the oldest message that is left was sent, epoch milliseconds; `Infinity` where none is left; null where nothing was removed. */
  oldestAt: number | null
}>

/** Compares what the topic tells of a dataset with what the store knows (V71). The topic may know nothing of it. */
export function judge(chain: Chain | null, known: Known, trimming: Trimming): Verdict {
  const target = newer(known.streamed, known.log?.last ?? null)
  const gone = known.reached === null
  if (chain === null || chain.highest === null) {
    const unjudged = target !== null && trimming.oldestAt !== null && (known.log?.lastAt ?? 0) < trimming.oldestAt
    const waiting = target !== null && isNext(null, known)
    const missing = target !== null && !unjudged && !waiting
    const faults: Fault[] = missing ? [{ kind: 'missing', after: null, through: target }] : []
    return { faults: [...faults, ...phantoms(chain, known)], waiting, unjudged, gone }
  }
  const waiting = chain.whole && isNext(chain.last, known)
  const unjudged = chain.first !== null && chain.first.previous > 0
  const faults = [
    ...(waiting ? [] : gaps(chain, target)),
    ...phantoms(chain, known),
    ...(chain.altered === null ? [] : [{ kind: 'altered' as const, at: chain.altered }]),
    ...(chain.otherPartition === null
      ? []
      : [{ kind: 'scattered' as const, partitions: [chain.partition, chain.otherPartition] as const }]),
  ]
  return { faults, waiting, unjudged, gone }
}

function gaps(chain: Chain, target: StreamPosition | null): readonly Fault[] {
  const { last, highest } = chain
  if (chain.whole && newer(last, target) === last) return []
  const through = newer(target, highest)
  if (through === null) return []
  if (chain.inverted && last !== null) return [{ kind: 'inverted', after: last, through }]
  return [{ kind: 'missing', after: last, through }]
}

/** `a` where both are the same. */
const newer = (a: StreamPosition | null, b: StreamPosition | null): StreamPosition | null =>
  a === null || (b !== null && comparePositions(b, a) > 0) ? b : a

const isNext = (last: StreamPosition | null, known: Known): boolean =>
  known.log !== null && known.log.waiting !== null && streamStanding(last, known.log.waiting) === 'next'

function phantoms(chain: Chain | null, known: Known): readonly Fault[] {
  const { reached } = known
  if (chain === null || reached === null) return []
  const seen = [chain.highest, chain.snapshot].find((at) => at !== null && comparePositions(at, reached) > 0) ?? null
  return seen === null ? [] : [{ kind: 'phantom', seen, reached }]
}
