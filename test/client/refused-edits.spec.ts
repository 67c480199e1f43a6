import 'reflect-metadata'
import type { DatasetName } from '@satchel/protocol'
import { refusal } from './core-transport.js'
import { aDevice, aServer, inTime, opening, SETTINGS, stored, until } from './session-device.js'

const tabOn = opening()

test('[NE4] the edits that fit go through, the others are parked with the reason, removals go first', async () => {
  const limits = {
    recordsPerDatasetMax: 4,
    bytesPerDatasetMax: 1_000_000,
    datasetsPerIdentityMax: 20,
    bytesPerIdentityMax: 2_000_000,
  }
  const world = await aServer({ limits })
  const other = await tabOn(world)
  await until(() => other.isQuiet())
  await other.edit({ a: '1', b: '2', c: '3' })
  await until(() => other.isQuiet())
  const tab = await tabOn(world)
  await until(() => tab.isQuiet())
  await tab.edit({ d: '4', e: '5', f: '6', a: null })
  await inTime(world, () => tab.session.status.kind === 'live' && tab.store.replica.sendable(SETTINGS).length === 0)
  const { values } = await stored(world)
  expect(values['a']).toBe(null)
  expect(Object.values(values).filter((value) => value !== null)).toHaveLength(4)
  const parked = tab.store.replica.pending(SETTINGS)
  expect(parked).toHaveLength(1)
  expect(parked[0]).toMatchObject({ sent: false, parked: { code: 'LimitExceeded' } })
  expect(tab.session.status.kind).toBe('live')
})

test('[NE4] a message that is refused is taken apart until the edit at fault is found', async () => {
  const world = await aServer()
  const names = ['settings', 'notes'] as DatasetName[]
  const tab = await tabOn(world, aDevice(), { datasets: names, paused: true })
  for (const name of names) await tab.edit({ a: '1', b: '2', poison: '3', d: '4' }, name)
  tab.transport.meddling.request = (message, body) => {
    const { datasets } = body as { datasets: { dataset: string; batch: { patches: { key: string }[] } | null }[] }
    if (message !== 'sync') return
    const poisoned = datasets.some(
      ({ dataset, batch }) => dataset === 'notes' && batch?.patches.some(({ key }) => key === 'poison'),
    )
    if (poisoned) throw refusal({ code: 'InvalidParameter', message: 'a patch does not do' })
  }
  tab.session.resume()
  await inTime(world, () => tab.session.status.kind === 'live')
  expect((await stored(world)).values).toEqual({ a: '1', b: '2', poison: '3', d: '4' })
  expect((await stored(world, 'notes')).values).toEqual({ a: '1', b: '2', d: '4' })
  expect(tab.store.replica.pending('notes' as DatasetName)).toMatchObject([
    { key: 'poison', parked: { code: 'InvalidParameter' } },
  ])
})
