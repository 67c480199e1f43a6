import { adminOf } from '../a-pool.js'
import { differences } from '../dataset-history.js'
import { type Clients, type Who } from './clients.js'
import type { RunningServer } from '../start-server.js'
import { deviceAt, errorOf, okOf } from '../wire-client.js'

/**
 * Learns what became of everything whose answer was lost. An update is sent once more with the same token: either it
 * had been done, then it is answered as it would have been, or it is done now, or others came before it.
 */
export async function settle(server: RunningServer, clients: Clients): Promise<void> {
  for (const { who, dataset } of clients.unansweredDeletions.splice(0)) {
    const history = clients.historyOf(who, dataset)
    if (!(await deviceAt(server, who).list(dataset)).DatasetExists) history.deleted(history.lastCount + 1)
  }
  for (const update of clients.unanswered.splice(0)) {
    const device = deviceAt(server, update.who)
    const before = (await device.list(update.dataset)).DatasetSyncCount
    const answer = await device.updateRaw(update.dataset, update.token, update.patches)
    if (answer.status !== 200) {
      const { type } = errorOf(answer)
      expect(['ResourceConflictException', 'LimitExceededException']).toContain(type)
      clients.seen.lostAndNotDone++
      continue
    }
    const { Records } = answer.json() as { Records: { SyncCount: number }[] }
    const count = clients.accepted(update, Records)
    const after = (await device.list(update.dataset)).DatasetSyncCount
    if (count <= before) clients.seen.lostButDone++
    else clients.seen.lostAndNotDone++
    expect(after).toBe(count <= before ? before : count)
    const again = await device.updateRaw(update.dataset, update.token, update.patches)
    expect([again.status, again.text]).toEqual([200, answer.text])
  }
}

/** Every dataset is what its history says, every figure what the records add up to, every guest there. */
export async function verify(server: RunningServer, clients: Clients, pool: string): Promise<void> {
  const usage = new Map<string, { who: Who; datasets: number; bytes: number }>()
  for (const { who, dataset, history } of clients.histories.values()) {
    const replayed = history.replay()
    const device = deviceAt(server, who)
    expect([dataset, ...differences(replayed, await device.list(dataset))]).toEqual([dataset])
    const sum = usage.get(who.identity) ?? { who, datasets: 0, bytes: 0 }
    usage.set(who.identity, {
      who,
      datasets: sum.datasets + Number(replayed.exists),
      bytes: sum.bytes + replayed.bytes,
    })
  }
  let bytes = clients.bytesForgotten
  for (const { who, ...expected } of usage.values()) {
    const device = deviceAt(server, who)
    expect(await device.usage()).toMatchObject({ DatasetCount: expected.datasets, DataStorage: expected.bytes })
    expect(expected.datasets).toBeLessThanOrEqual(20)
    bytes += expected.bytes
    for (const { DatasetName, NumRecords, DataStorage } of await device.datasets()) {
      const replayed = clients.historyOf(who, DatasetName).replay()
      expect([DatasetName, NumRecords, DataStorage]).toEqual([DatasetName, replayed.liveRecords, replayed.bytes])
    }
  }
  const { identity, sync } = adminOf(server)
  const { IdentityPoolUsage } = await sync.describeIdentityPoolUsage({ IdentityPoolId: pool })
  expect(IdentityPoolUsage!.DataStorage).toBe(bytes)
  for (const guest of clients.guests.splice(0)) {
    expect((await identity.describeIdentity({ IdentityId: guest })).IdentityId).toBe(guest)
  }
}

/** What was answered in an earlier life is answered the same, and not done again. */
export async function repeatAnswered(server: RunningServer, clients: Clients): Promise<void> {
  for (const { who, dataset, token, patches, count } of clients.answered.values()) {
    const answer = okOf(await deviceAt(server, who).updateRaw(dataset, token, patches)) as {
      Records: { SyncCount: number }[]
    }
    expect(answer.Records.map(({ SyncCount }) => SyncCount)).toEqual(patches.map(() => count))
  }
}

/** Guests write once and never again; each was verified in the life after, and need not be in all others. */
export function forgetGuests(clients: Clients): void {
  for (const [key, { dataset, history }] of clients.histories) {
    if (dataset !== 'first') continue
    clients.bytesForgotten += history.replay().bytes
    clients.histories.delete(key)
  }
}
