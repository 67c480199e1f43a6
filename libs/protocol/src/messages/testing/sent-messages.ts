import type { Json } from './recorded-messages.js'

/** Requests of devices, as short as a test may say them. */
export const many = (count: number, one: (index: number) => Json): Json[] =>
  Array.from({ length: count }, (_, i) => one(i))
export const pull = (dataset: string) => ({ dataset, epoch: 0, since: 0, page: null, batch: null })
export const push = (patches: Json[]) => ({ ...pull('settings'), batch: { number: 1, patches } })
export const replace = (key: string, value: Json = 'v') => ({
  op: 'replace',
  key,
  value,
  base: 0,
  deviceModifiedAt: null,
})
export const sync = (...datasets: Json[]) => ({ device: 'phone', datasets })
export const watched = (dataset: string) => ({ dataset, epoch: 0, since: 0 })
