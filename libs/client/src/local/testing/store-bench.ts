import type { SqlJsStatic } from 'sql.js'
import { MemoryJournalFile } from '../../journal/testing/memory-journal.js'
import type { Applied } from '../../replica/replica.js'
import { PREFS } from '../../replica/testing/entries.js'
import { MemoryTabs } from '../../tabs/testing/memory-tabs.js'
import { JournaledStore } from '../journaled-store.js'
import type { ChangeSource } from '../local-store.js'
import { HeldClock } from './held-clock.js'

/** One store on one disk, opened by as many tabs as a test likes. */
export class StoreBench {
  readonly file = new MemoryJournalFile()
  readonly tabs = new MemoryTabs()
  readonly clock = new HeldClock()
  readonly faults: Error[] = []
  readonly told: [Applied, ChangeSource][] = []
  private uuids = 0

  constructor(private readonly sql: SqlJsStatic) {}

  async open(): Promise<JournaledStore> {
    const store = await JournaledStore.open({
      journal: this.file.open(),
      sql: this.sql,
      tabs: this.tabs.open(),
      clock: this.clock,
      random: { fraction: () => 0.5, uuid: () => `device ${++this.uuids}` },
      onFault: (fault) => this.faults.push(fault),
    })
    store.listen({ applied: (applied, by) => this.told.push([applied, by]) })
    return store
  }

  /** What is in the journal behind its snapshot. */
  get groups(): unknown[] {
    return this.file.groups.map(({ text }) => JSON.parse(text) as unknown)
  }
}

export const entriesOf = (store: JournaledStore): Record<string, string> =>
  Object.fromEntries(store.replica.reader(PREFS).entries())

/** Until everything that can go on without time has gone on. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** True once the promise is settled. */
export function settlementOf(promise: Promise<unknown>): { done: boolean } {
  const state = { done: false }
  const end = () => {
    state.done = true
  }
  promise.then(end, end)
  return state
}
