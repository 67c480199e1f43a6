import { AWS_LIMITS, NEVER_SYNCED, type DatasetName, type DeviceId, type SyncCount } from '@satchel/protocol'
import type { Database, SqlValue } from 'sql.js'
import type { Adoption, Greeting } from './replica.js'

/** What follows from a journal and belongs to no dataset. */
export type StoreState = Readonly<{
  /** Place of the last group that was applied. */
  place: number
  device: DeviceId | null
  nextNumber: number
  greeting: Greeting
  adopted: readonly Adoption[]
}>

/** What follows from a journal and belongs to one dataset, its keys apart. */
export type DatasetState = Readonly<{
  id: number
  name: DatasetName
  /** 0 until the server told of it. */
  epoch: number
  since: SyncCount
  /** The server has it, as far as is known. */
  existing: boolean
  /** Number of the batch on its way; null for none. */
  flight: number | null
}>

export const INITIAL_STATE: StoreState = {
  place: 0,
  device: null,
  nextNumber: 1,
  greeting: { identity: null, limits: AWS_LIMITS },
  adopted: [],
}

export const newDataset = (id: number, name: DatasetName): DatasetState => ({
  id,
  name,
  epoch: 0,
  since: NEVER_SYNCED,
  existing: false,
  flight: null,
})

/** Puts the small states beside the keys, for a snapshot. */
export function writeStates(database: Database, store: StoreState, datasets: Iterable<DatasetState>): void {
  const { place, device, nextNumber, greeting, adopted } = store
  database.run('REPLACE INTO store VALUES (1, ?, ?, ?, ?, ?)', [
    place,
    device,
    nextNumber,
    JSON.stringify(greeting),
    JSON.stringify(adopted),
  ])
  for (const { id, name, epoch, since, existing, flight } of datasets) {
    database.run('REPLACE INTO dataset VALUES (?, ?, ?, ?, ?, ?)', [id, name, epoch, since, Number(existing), flight])
  }
}

export function readStates(database: Database): Readonly<{ store: StoreState; datasets: readonly DatasetState[] }> {
  const row = rowsOf(database, 'SELECT place, device, next_number, greeting, adopted FROM store')[0]
  if (row === undefined) throw new Error('the snapshot does not say of which place it is')
  const [place, device, nextNumber, greeting, adopted] = row as [number, DeviceId | null, number, string, string]
  return {
    store: {
      place,
      device,
      nextNumber,
      greeting: JSON.parse(greeting) as Greeting,
      adopted: JSON.parse(adopted) as Adoption[],
    },
    datasets: rowsOf(database, 'SELECT id, name, epoch, since, existing, flight FROM dataset ORDER BY id').map(
      ([id, name, epoch, since, existing, flight]) =>
        ({ id, name, epoch, since, existing: existing === 1, flight }) as DatasetState,
    ),
  }
}

export const rowsOf = (database: Database, sql: string): SqlValue[][] => database.exec(sql)[0]?.values ?? []
