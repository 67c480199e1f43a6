/** Ends what was scheduled, if it has not run yet. */
export type Cancel = () => void

type Event = { readonly at: number; readonly order: number; work: (() => void) | null }

/**
 * The one clock of a run, milliseconds from 0. Nothing happens between its events, which run in order of time and, at one
 * moment, in the order in which they were scheduled; after each of them every promise that can settle does.
 */
export class VirtualTime {
  private readonly heap: Event[] = []
  private scheduled = 0
  private time = 0
  /** Events that have run. */
  events = 0

  get now(): number {
    return this.time
  }

  after(delayMs: number, work: () => void): Cancel {
    const event: Event = { at: this.time + Math.max(0, delayMs), order: this.scheduled++, work }
    this.push(event)
    return () => {
      event.work = null
    }
  }

  /** Runs what falls due up to a moment, and stands there. `stop` ends it early. */
  async runTo(moment: number, stop: () => boolean = () => false): Promise<void> {
    await settled()
    while (this.heap.length > 0 && this.heap[0]!.at <= moment && !stop()) {
      const { at, work } = this.pop()
      if (work === null) continue
      this.time = Math.max(this.time, at)
      this.events++
      work()
      await settled()
    }
    if (!stop()) this.time = Math.max(this.time, moment)
  }

  private push(event: Event): void {
    const { heap } = this
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(heap[index]!, heap[parent]!)) break
      swap(heap, index, parent)
      index = parent
    }
  }

  private pop(): Event {
    const { heap } = this
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    heap[0] = last
    for (let index = 0; ;) {
      const left = 2 * index + 1
      let least = index
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (left + 1 < heap.length && isBefore(heap[left + 1]!, heap[least]!)) least = left + 1
      if (least === index) return first
      swap(heap, index, least)
      index = least
    }
  }
}

/** One turn of the real event loop: all microtasks have run by then. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

function swap(heap: Event[], a: number, b: number): void {
  const held = heap[a]!
  heap[a] = heap[b]!
  heap[b] = held
}
