import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { randomUUID } from 'node:crypto'
import { at, datasetOf, withCredentials } from '../support/a-pool.js'
import { CognitoDevice } from '../support/cognito-device.js'
import { eventually } from '../support/eventually.js'
import { batchOf, guestToken, settled, watchOverHttp } from '../support/live-device.js'
import { LivePeople } from '../support/live-people.js'

const people = new LivePeople()

test('[NB9] what a socket writes the AWS SDK reads, and what the SDK writes a socket is told of', async () => {
  const bearer = await people.aGuest()
  const [writer, reader] = [await people.open(bearer, 'writer'), await people.open(bearer, 'reader')]
  await reader.watch({ dataset: 'settings' })
  const written = await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'theme', value: 'dark' }) })
  expect(written.datasets[0]?.batch).toMatchObject({ outcome: 'accepted', syncCount: 1, by: 'writer' })
  expect((await reader.hints(1))[0]).toMatchObject({
    dataset: 'settings',
    base: 0,
    through: 1,
    records: [{ key: 'theme', value: 'dark', syncCount: 1, modifiedBy: 'writer' }],
  })

  const { credentials } = await withCredentials(people.server, bearer)
  const sync = new CognitoSync({ ...at(people.server), credentials })
  const listing = await sync.listRecords(datasetOf(bearer))
  expect(listing.Records).toMatchObject([{ Key: 'theme', Value: 'dark', SyncCount: 1, LastModifiedBy: 'writer' }])
  const { SyncSessionToken } = listing
  await sync.updateRecords({
    ...datasetOf(bearer),
    SyncSessionToken,
    RecordPatches: [{ Op: 'replace', Key: 'theme', Value: 'light', SyncCount: 1 }],
  })
  expect((await reader.hints(2))[1]).toMatchObject({
    base: 1,
    through: 2,
    records: [{ key: 'theme', value: 'light', syncCount: 2 }],
  })
})

test('[NB9] a device on amazon-cognito-js and one on a socket share a dataset, live', async () => {
  const old = await CognitoDevice.open(people.server, { pool: people.pool })
  const token = await eventually(() => guestToken(people.server, old.identity), 10_000)
  const live = await people.open({ pool: people.pool, identity: old.identity, token })
  await live.watch({ dataset: 'settings' })
  const settings = await old.dataset('settings')
  await settings.put('language', 'de')
  expect(await settings.synchronize()).toEqual({ kind: 'synced' })
  const [hint] = await live.hints(1)
  expect(hint).toMatchObject({ through: 1, records: [{ key: 'language', value: 'de' }] })
  const since = hint!.through
  await live.sync({
    dataset: 'settings',
    epoch: hint!.epoch,
    since,
    batch: batchOf(1, { key: 'language', value: 'fr', base: 1 }, { key: 'theme', value: 'dark' }),
  })
  expect(await settings.synchronize()).toEqual({ kind: 'synced' })
  expect(await settings.all()).toEqual({ language: 'fr', theme: 'dark' })
}, 30_000)

test('[NB10] a change is told to the sockets that watch its dataset, but not to the one that made it', async () => {
  const bearer = await people.aGuest()
  const [writer, watching, elsewhere, silent] = [
    await people.open(bearer, 'shared'),
    await people.open(bearer, 'shared'), // the same device on another socket may have lost its answer
    await people.open(bearer),
    await people.open(bearer),
  ]
  await writer.watch({ dataset: 'settings' })
  await watching.watch({ dataset: 'settings' })
  await elsewhere.watch({ dataset: 'notes' })
  await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'theme', value: 'dark' }) })
  await watching.hints(1)
  await writer.sync({ dataset: 'notes', batch: batchOf(2, { key: 'first', value: 'x' }) })
  expect((await elsewhere.hints(1)).map(({ dataset }) => dataset)).toEqual(['notes'])
  for (const device of [writer, silent]) {
    await device.ask('watch', { datasets: [] })
    expect(device.changed).toEqual([])
  }
  await watching.watch({ dataset: 'notes', since: 1, epoch: 1 })
  await writer.sync({ dataset: 'settings', batch: batchOf(3, { key: 'font', value: 'mono' }) })
  await watching.ask('watch', { datasets: [] })
  expect(watching.changed).toHaveLength(1)
})

test('[NB10] a change of more than 262,144 bytes is hinted at without its records, and so is a deletion', async () => {
  const bearer = await people.aGuest()
  const [writer, reader] = [await people.open(bearer), await people.open(bearer)]
  await reader.watch({ dataset: 'big' })
  await writer.sync({ dataset: 'big', batch: batchOf(1, { key: 'k', value: 'v'.repeat(65_535) }) })
  await writer.sync({ dataset: 'big', batch: batchOf(2, { key: 'l', value: 'v'.repeat(262_144) }) })
  const { credentials } = await withCredentials(people.server, bearer)
  await new CognitoSync({ ...at(people.server), credentials }).deleteDataset(datasetOf(bearer, 'big'))
  const hints = await reader.hints(3)
  expect(hints.map(({ base, through, records }) => [base, through, records?.length ?? null])).toEqual([
    [0, 1, 1],
    [1, 2, null],
    [2, 3, null],
  ])
})

test('[NB11] a watch answers which datasets have moved on, and no change falls between it and the hints', async () => {
  const bearer = await people.aGuest()
  const [writer, reader] = [await people.open(bearer), await people.open(bearer)]
  await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'k0', value: '0' }) })
  const writing = (async () => {
    for (let number = 2; number <= 60; number++) {
      await writer.sync({ dataset: 'settings', batch: batchOf(number, { key: `k${number}`, value: 'v' }) })
    }
  })()
  await eventually(async () => {
    reader.changed.length = 0
    const { changed } = await reader.watch({ dataset: 'settings', epoch: 1, since: 1 })
    const through = changed[0]?.through ?? 0
    return settled(through > 5, 'too early')
  }, 5_000)
  const { changed } = await reader.watch({ dataset: 'settings', epoch: 1, since: 1 })
  const known = changed[0]!.through
  await writing
  await eventually(() => settled(reader.changed.at(-1)?.through === 60, 'not all hints yet'), 5_000)
  const heard = new Set(reader.changed.map(({ through }) => through as number))
  for (let count = known + 1; count <= 60; count++) expect(heard).toContain(count)
}, 30_000)

test('[NB14] no other identity ever hears of a change, by whatever it watches', async () => {
  const canary = `canary.${randomUUID()}`
  const victim = await people.aGuest()
  const [writer, own] = [await people.open(victim), await people.open(victim)]
  const strangers = await Promise.all(
    [people.aGuest(), people.aGuest(), people.aGuest()].map(async (one) => people.open(await one)),
  )
  for (const device of [own, ...strangers]) await device.watch({ dataset: canary })
  const waiting = watchOverHttp(people.server, (await people.aGuest()).token, {
    datasets: [{ dataset: canary, epoch: 0, since: 0 }],
  })
  for (let number = 1; number <= 20; number++) {
    await writer.sync({ dataset: canary, batch: batchOf(number, { key: `${canary}${number}`, value: canary }) })
  }
  await own.hints(20)
  for (const device of strangers) {
    const answer = await device.sync({ dataset: canary })
    expect(JSON.stringify([answer.datasets[0]?.changes, device.changed, device.strange])).not.toContain('canary')
    expect(answer.datasets[0]?.changes).toMatchObject({ exists: false, records: [] })
  }
  expect(JSON.stringify(await people.server.log())).not.toContain(canary)
  expect(await waiting).toEqual({ changed: [] })
}, 40_000)
