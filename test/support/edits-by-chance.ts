import type { Seeded } from './seeded.js'
import { remove, replace, type Listing, type Patch } from './wire-client.js'

/** One to four edits of a dataset as it was listed, of so many keys: most of them replace, and some remove what is there. */
export function editsByChance({ Records }: Pick<Listing, 'Records'>, keys: number, chance: Seeded): readonly Patch[] {
  const held = new Map(Records.map((record) => [record.Key, record]))
  const names = new Set(Array.from({ length: chance.from(1, 4) }, () => `key-${chance.from(1, keys)}`))
  return [...names].map((key) => {
    const record = held.get(key)
    if (record?.Value !== undefined && chance.next() < 0.3) return remove(key, record.SyncCount)
    return replace(key, `${chance.next()}`.repeat(chance.from(0, 5)), record?.SyncCount ?? 0)
  })
}
