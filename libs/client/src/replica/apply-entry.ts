import type { BatchOutcome } from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import { broughtAlong, decided, edited, parked } from '../merge/edit-key.js'
import { arrived, departed, returned } from '../merge/flight.js'
import { unmoved } from '../merge/held.js'
import { applyChanges } from './apply-changes.js'
import type { Step } from './step.js'
import type { DatasetState } from './store-state.js'

/** What an entry means: the only place where a journal becomes state. */
export function applyEntry(step: Step, entry: Entry): void {
  switch (entry.kind) {
    case 'open':
      step.dataset(entry.dataset)
      return
    case 'edit':
      return applyEdit(step, entry)
    case 'settle': {
      const dataset = step.dataset(entry.dataset)
      return step.move(dataset, entry.key, (held) => decided(held, entry, step.moment(dataset)))
    }
    case 'batch':
      return applyBatch(step, entry)
    case 'answer':
      return applyAnswer(step, entry)
    case 'park': {
      const dataset = step.dataset(entry.dataset)
      const { code, message } = entry
      for (const key of entry.keys) step.move(dataset, key, (held) => parked(held, { code, message }, step))
      return
    }
    case 'device':
      // Numbers of another device mean nothing under this one, so what is on its way is sent anew.
      for (const dataset of step.datasets.values()) endFlight(step, dataset, null)
      step.store = { ...step.store, device: entry.device, nextNumber: 1 }
      return
    case 'greeted':
      step.store = { ...step.store, greeting: { identity: entry.identity, limits: entry.limits } }
      return
    case 'adopt':
      return applyAdopt(step, entry)
  }
}

function applyEdit(step: Step, { dataset: name, edits }: Extract<Entry, { kind: 'edit' }>): void {
  const dataset = step.dataset(name)
  const moment = step.moment(dataset)
  for (const edit of edits) step.move(dataset, edit.key, (held) => edited(held, edit, moment))
}

function applyAdopt(step: Step, { store, through, datasets }: Extract<Entry, { kind: 'adopt' }>): void {
  if (step.store.adopted.some((one) => one.store === store)) return
  const { place } = step
  step.store = { ...step.store, adopted: [...step.store.adopted, { store, through, place }] }
  for (const { dataset: name, edits } of datasets) {
    const dataset = step.dataset(name)
    const moment = step.moment(dataset)
    for (const edit of edits) step.move(dataset, edit.key, (held) => broughtAlong(held, edit, moment))
  }
}

/** One batch at a time: while one is on its way, another one is none. Its number is used up all the same. */
function applyBatch(step: Step, { dataset: name, number, keys }: Extract<Entry, { kind: 'batch' }>): void {
  const dataset = step.dataset(name)
  step.store = { ...step.store, nextNumber: Math.max(step.store.nextNumber, number + 1) }
  if (dataset.flight !== null) return
  const moment = step.moment(dataset)
  let flying = false
  for (const key of keys) {
    step.move(dataset, key, (held) => {
      const left = departed(held, moment)
      flying ||= left !== held
      return unmoved(left)
    })
  }
  if (flying) step.put({ ...dataset, flight: number })
}

function applyAnswer(step: Step, { dataset: name, batch, changes }: Extract<Entry, { kind: 'answer' }>): void {
  const dataset = step.dataset(name)
  // An answer to any other number repeats one that was applied already.
  if (batch !== null && batch.number === dataset.flight) endFlight(step, dataset, batch.outcome)
  if (changes !== null) applyChanges(step, name, changes)
}

function endFlight(step: Step, dataset: DatasetState, outcome: BatchOutcome | null): void {
  if (dataset.flight === null) return
  const moment = step.moment(dataset)
  for (const key of step.flown(dataset)) {
    step.move(dataset, key, (held) =>
      outcome?.outcome === 'accepted' ? arrived(held, outcome, moment) : returned(held, moment),
    )
  }
  const existing = dataset.existing || outcome?.outcome === 'accepted'
  step.put({ ...dataset, flight: null, existing })
}
