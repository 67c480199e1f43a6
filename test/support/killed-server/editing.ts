import { editsByChance } from '../edits-by-chance.js'
import { exchange } from '../http-exchange.js'
import { type Clients, send, liveDatasetsOf, type Who } from './clients.js'
import type { Seeded } from '../seeded.js'
import type { RunningServer } from '../start-server.js'
import { deviceAt, okOf, replace } from '../wire-client.js'

/** Several of these on one dataset race each other for its keys. */
export async function editor(
  server: RunningServer,
  clients: Clients,
  job: Readonly<{ who: Who; dataset: string; keys: number; chance: Seeded; since?: number }>,
) {
  const { who, dataset, keys, chance, since = 0 } = job
  for (;;) {
    const listing = await deviceAt(server, who)
      .list(dataset, { lastSyncCount: since })
      .catch(() => null)
    if (listing === null) return
    const patches = editsByChance(listing, keys, chance)
    if ((await send(server, clients, { who, dataset, token: listing.SyncSessionToken, patches })) === 'lost') return
  }
}

/** Makes and deletes datasets of its own identity, more of them than an identity may have. */
export async function maker(
  server: RunningServer,
  clients: Clients,
  { who, chance }: Readonly<{ who: Who; chance: Seeded }>,
) {
  const device = deviceAt(server, who)
  for (;;) {
    const dataset = `made-${chance.from(1, 25)}`
    const history = clients.historyOf(who, dataset)
    const exists = history.replay().exists
    if (exists && chance.next() < 0.5) {
      const answer = await device.deleteRaw(dataset).catch(() => null)
      if (answer === null) {
        clients.unansweredDeletions.push({ who, dataset })
        return
      }
      okOf(answer)
      history.deleted(history.lastCount + 1)
      clients.seen.deletions++
      continue
    }
    const listing = await device.list(dataset).catch(() => null)
    if (listing === null) return
    const base = listing.Records.find(({ Key }) => Key === 'k')?.SyncCount ?? 0
    const update = { who, dataset, token: listing.SyncSessionToken, patches: [replace('k', `${chance.next()}`, base)] }
    const outcome = await send(server, clients, update)
    if (outcome === 'lost') return
    // Nobody else writes for this identity, so the limit must be exactly where it is said to be.
    if (outcome === 'over-limit' && liveDatasetsOf(clients, who) !== 20) {
      throw new Error(`a dataset was refused beside ${liveDatasetsOf(clients, who)} others`)
    }
  }
}

/** Makes guests, each with a first dataset. */
export async function greeter(
  server: RunningServer,
  clients: Clients,
  { pool, chance }: Readonly<{ pool: string; chance: Seeded }>,
) {
  for (;;) {
    const identity = await unsigned(server, 'GetId', { IdentityPoolId: pool })
    if (identity === null) return
    clients.guests.push(identity['IdentityId'] as string)
    clients.seen.guests++
    const given = await unsigned(server, 'GetCredentialsForIdentity', identity)
    if (given === null) return
    const { AccessKeyId, SecretKey, SessionToken } = given['Credentials'] as Record<string, string>
    const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretKey!, sessionToken: SessionToken! }
    const who = { pool, identity: identity['IdentityId'] as string, credentials }
    const listing = await deviceAt(server, who)
      .list('first')
      .catch(() => null)
    if (listing === null) return
    const patches = [replace('hello', `${chance.next()}`)]
    if ((await send(server, clients, { who, dataset: 'first', token: listing.SyncSessionToken, patches })) === 'lost')
      return
  }
}

async function unsigned(
  server: RunningServer,
  operation: string,
  input: unknown,
): Promise<Record<string, unknown> | null> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AWSCognitoIdentityService.${operation}`,
  }
  const sent = { method: 'POST', target: '/', headers, body: JSON.stringify(input) }
  const answer = await exchange(server.url, sent).catch(() => null)
  return answer === null ? null : (okOf(answer) as Record<string, unknown>)
}
