import type { Group } from '../journal/entry.js'
import type { Ticket } from '../replica/replica.js'

/** A group that was handed in and is not durable yet. */
export type Waiting = Readonly<{
  group: Group
  /** See {@link lengthOf}. */
  length: number
  ticket: Ticket
  term: number | null
  resolve: (place: number) => void
  reject: (fault: Error) => void
}>

/** Characters of keys and values that go into one append; a single larger group goes alone. */
const APPEND_LENGTH_MAX = 4 * 1_048_576

/** Characters that may wait at most, as while a disk is full. */
const WAITING_LENGTH_MAX = 64 * 1_048_576

/** Groups that wait for the journal, in the order in which they were handed in. */
export class WriteQueue {
  #waiting: Waiting[] = []
  #length = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** False for a group of a length that finds no room, which a single one always does. */
  hasRoomFor(length: number): boolean {
    return this.isEmpty || this.#length + length <= WAITING_LENGTH_MAX
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#length += waiting.length
  }

  /** What may be appended together next: of one term at most, and not too much. */
  take(): Readonly<{ taken: readonly Waiting[]; term: number | null }> {
    let term: number | null = null
    let length = 0
    let count = 0
    for (const next of this.#waiting) {
      if (term !== null && next.term !== null && next.term !== term) break
      length += next.length
      if (count > 0 && length > APPEND_LENGTH_MAX) break
      term ??= next.term
      count++
    }
    const taken = this.#waiting.splice(0, count)
    for (const one of taken) this.#length -= one.length
    return { taken, term }
  }

  /** Puts back what could not be appended, to be taken first. */
  putBack(taken: readonly Waiting[]): void {
    this.#waiting = [...taken, ...this.#waiting]
    for (const one of taken) this.#length += one.length
  }

  takeAll(): readonly Waiting[] {
    this.#length = 0
    return this.#waiting.splice(0)
  }
}

/** Characters of a group's keys and values. */
export function lengthOf(group: Group): number {
  let length = 0
  const add = (edits: readonly Readonly<{ key: string; value: string | null }>[]): void => {
    for (const { key, value } of edits) length += key.length + (value?.length ?? 0)
  }
  for (const entry of group) {
    if (entry.kind === 'edit') add(entry.edits)
    if (entry.kind === 'answer') add(entry.changes?.records ?? [])
    if (entry.kind === 'adopt') for (const { edits } of entry.datasets) add(edits)
  }
  return length
}
