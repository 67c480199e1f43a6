import type { ErrorCode, RecordKey, SyncCount } from '@satchel/protocol'
import type { FlownEdit, Held, HeldRecord, PendingEdit } from '../merge/held.js'

/**
 * What is held of a key beside the value that is shown, as JSON: its record, its pending edit and the one on its way, 0 for each that
 * is not there. The shown value is the pending edit's, else that of the one on its way, else the record's; only the others
 * are in here, so that no value is stored twice. Part of the snapshot's format.
 */
export type Facts = readonly [record: RecordFacts | 0, pending: PendingFacts | 0, flown: FlownFacts | 0]

type RecordFacts = readonly [
  count: SyncCount,
  ownSince: SyncCount,
  modifiedAt: number,
  modifiedBy: string,
  deviceModifiedAt: number | null,
  gone: 0 | 1,
  covered?: string | null,
]
type PendingFacts = readonly [base: SyncCount, at: number, place: number, code?: ErrorCode, message?: string]
type FlownFacts = readonly [base: SyncCount, at: number, place: number, patchBase: SyncCount, covered?: string | null]

export function factsOf({ record, pending, flown }: Held): string {
  const facts: Facts = [
    record === null ? 0 : recordFacts(record, pending !== null || flown !== null),
    pending === null ? 0 : pendingFacts(pending),
    flown === null ? 0 : flownFacts(flown, pending !== null),
  ]
  return JSON.stringify(facts)
}

export function heldOf(key: RecordKey, shown: string | null, text: string): Held {
  const [record, pending, flown] = JSON.parse(text) as Facts
  return {
    key,
    record: record === 0 ? null : recordOf(record, record.length > 6 ? (record[6] ?? null) : shown),
    pending: pending === 0 ? null : pendingOf(pending, shown),
    flown: flown === 0 ? null : flownOf(flown, flown.length > 4 ? (flown[4] ?? null) : shown),
  }
}

function recordFacts(record: HeldRecord, isCovered: boolean): RecordFacts {
  const { count, ownSince, modifiedAt, modifiedBy, deviceModifiedAt, gone, value } = record
  const facts = [count, ownSince, modifiedAt, modifiedBy, deviceModifiedAt, gone ? 1 : 0] as const
  return isCovered ? [...facts, value] : facts
}

const pendingFacts = ({ base, at, place, parked }: PendingEdit): PendingFacts =>
  parked === null ? [base, at, place] : [base, at, place, parked.code, parked.message]

const flownFacts = ({ base, at, place, patchBase, value }: FlownEdit, isCovered: boolean): FlownFacts =>
  isCovered ? [base, at, place, patchBase, value] : [base, at, place, patchBase]

function recordOf(facts: RecordFacts, value: string | null): HeldRecord {
  const [count, ownSince, modifiedAt, modifiedBy, deviceModifiedAt, gone] = facts
  return { value, count, ownSince, modifiedAt, modifiedBy, deviceModifiedAt, gone: gone === 1 }
}

const pendingOf = ([base, at, place, code, message]: PendingFacts, value: string | null): PendingEdit => ({
  ...{ value, base, at, place },
  parked: code === undefined ? null : { code, message: message! },
})

const flownOf = ([base, at, place, patchBase]: FlownFacts, value: string | null): FlownEdit => ({
  ...{ value, base, at, place, patchBase },
})
