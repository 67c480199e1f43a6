import type { Batch, DatasetPath, DeviceId, IdentityId, SyncCount } from '@satchel/protocol'
import { Keyring } from './access/keyring.js'
import { Seal } from './access/seal.js'
import { closePage, openPage } from './datasets/record-page.js'
import { HOUSEKEEPING_LEASE } from './datasets/housekeeping.js'
import { hashOfBatch } from './datasets/sync-session.js'
import { deviceMarkerId } from './domain/batch-marker.js'
import { outboxRowOf } from './domain/outbox-row-of.js'
import { shardOf, streamPlace } from './domain/stream-place.js'
import type { StreamChange } from './domain/stream-change.js'
import { PageTokens } from './identity/page-tokens.js'
import { SETTINGS_LEASE } from './ops/shared-settings-watch.js'
import {
  rolesFromJson,
  rolesToJson,
  settingsFromJson,
  settingsToJson,
  streamTargetFromJson,
  syncSettingsFromJson,
  syncSettingsToJson,
} from './store/pool-json.js'
import { BULK_LEASE } from './stream/bulk-publisher.js'
import { rowMessage } from './stream/row-message.js'
import { leaseName } from './stream/shard-leases.js'

/*
 * What servers of different versions tell each other through the database and through clients. Each text below was made by version 0.1.0; every
 * version has to read it so, and, as long as one of the minor version before may be at work, to write it so. Sealed texts by their keys: `keyring.spec.ts`.
 * Messages of the native protocol: `messages.spec.ts` of the protocol. Journals of devices: `golden-journal.spec.ts` of the client.
 */

const seal = new Seal(new Keyring([Buffer.alloc(32, 7)]))
const path = {
  pool: 'us-east-1:p',
  identity: 'us-east-1:00000000-0000-4000-8000-000000000001',
  dataset: 'settings',
} as DatasetPath

test('[MV7] a listing that was begun at one version goes on at another', () => {
  const token = 'Ad4LXMJ8y7Y-5xu3ZIbv6kyuQmbm9pF1eb0AbbPFm-rcWzMsOSw3LCJhIGtleSDimIIiLDIsMV0'
  const page = openPage(seal, path, token)
  expect(page).toEqual({
    since: 3,
    through: 9,
    after: { syncCount: 7, key: 'a key ☂' },
    remaining: 2,
    collectedThrough: 1,
  })
  expect(closePage(seal, path, page!)).toBe(token)
  const pools = 'AbVHHkuIyv1ZYm4j8tgR-JXbKJHPcGU4LOwZl6FnFc1odXMtZWFzdC0xOnA'
  expect(new PageTokens(seal).open(['identity-pools'], pools)).toBe('us-east-1:p')
  expect(new PageTokens(seal).close(['identity-pools'], 'us-east-1:p')).toBe(pools)
})

test('[MV7] a batch that is sent again to a server of another version is known as the same one', () => {
  const batch = [
    { op: 'replace', key: 'theme', value: 'dark ☂', base: 4, deviceModifiedAt: 1_790_000_000_000.5 },
    { op: 'remove', key: 'font', base: 7, deviceModifiedAt: null },
  ] as unknown as Batch
  expect(hashOfBatch(batch, null)).toBe('5BDvKq2elx9pRN1yT3Qn0K9H_wNd3IvumFPG_I1rsdU')
  expect(hashOfBatch(batch, 'phone' as DeviceId)).toBe('HAhAwQ4McafPmwMS0Ot0UMVsvrK_g5S7pxtobAZ6VzI')
  expect(deviceMarkerId(path, 'phone' as DeviceId)).toBe(
    '~us-east-1:00000000-0000-4000-8000-000000000001\nphone\nsettings',
  )
})

test('[MV7] an identity stays in its shard and partition, and its rows are worded as they were', () => {
  const places = [1, 2, 3].map((n) => `us-east-1:00000000-0000-4000-8000-00000000000${n}` as IdentityId)
  expect(places.map((identity) => streamPlace(identity, 12))).toEqual([
    { partition: 7, shard: 4 },
    { partition: 10, shard: 7 },
    { partition: 5, shard: 5 },
  ])
  expect(places.map(shardOf)).toEqual([4, 7, 5])
  const payload =
    '{"identityPoolId":"us-east-1:p","identityId":"us-east-1:00000000-0000-4000-8000-000000000001","datasetName":"settings","operation":"replace",' +
    '"kinesisSyncRecords":[{"key":"a","value":"x","syncCount":7,"lastModifiedDate":5000,"deviceLastModifiedDate":4001,"op":"replace"}],' +
    '"lastModifiedDate":5000,"payloadType":"Inline","syncCount":7}'
  const change = {
    kind: 'change',
    path,
    target: { streamName: 'changes', partitions: 12, begun: 1, payloadBytesMax: 900_000 },
    operation: 'replace',
    epoch: 1,
    syncCount: 7,
    previousEpoch: 1,
    previous: 6,
    at: 5_000,
    records: [{ key: 'a', value: 'x', syncCount: 7, modifiedAt: 5_000, modifiedBy: 'me', deviceModifiedAt: 4_000.6 }],
  } as unknown as StreamChange
  const { row } = outboxRowOf(change, () => '')
  const id = 'us-east-1:00000000-0000-4000-8000-000000000001/settings/1/7'
  expect(row).toEqual({
    id,
    streamName: 'changes',
    identity: path.identity,
    type: 'change',
    payload,
    partition: 7,
    shard: 4,
    pool: 'us-east-1:p',
    dataset: 'settings',
    epoch: 1,
    syncCount: 7 as SyncCount,
    previousEpoch: 1,
    previous: 6,
    createdAt: 5_000,
  })
  expect(rowMessage(row, 3)).toEqual({
    partition: 7,
    key: path.identity,
    value: payload,
    headers: {
      id,
      type: 'change',
      epoch: '1',
      previousEpoch: '1',
      previousSyncCount: '6',
      schemaVersion: '1',
      leaseEpoch: '3',
    },
  })
})

test('[MV7] pools are read as they were stored', () => {
  const settings =
    '{"name":"p","allowUnauthenticated":true,"allowClassicFlow":false,"developerProvider":"login.example.com","openIdConnectProviderArns":[],' +
    '"cognitoIdentityProviders":[],"samlProviderArns":[],"supportedLoginProviders":[["__proto__","1"]],"tags":[["stage","prod"]]}'
  expect(settingsToJson(settingsFromJson(settings))).toBe(settings)
  expect(settingsFromJson(settings).supportedLoginProviders.get('__proto__')).toBe('1')
  const roles = '{"authenticated":"arn:a","unauthenticated":null,"mappings":[["p",{"Type":"Token"}]]}'
  expect(rolesToJson(rolesFromJson(roles))).toBe(roles)
  const target = { streamName: 'changes', partitions: 12, begun: 5, payloadBytesMax: 900_000 }
  const streams = { streamName: 'changes', roleArn: 'arn:r', streamingStatus: 'ENABLED', disabledReason: null, target }
  const sync = { pushSync: null, cognitoStreams: streams, events: { SyncTrigger: 'arn:f' } }
  expect(syncSettingsFromJson(JSON.stringify(sync))).toEqual(sync)
  expect(streamTargetFromJson(JSON.stringify(target))).toEqual(target)
  // What a newer version has put beside what this one knows, this one puts back.
  const newer = { ...sync, later: 1, cognitoStreams: { ...streams, later: 2 } }
  expect(JSON.parse(syncSettingsToJson(syncSettingsFromJson(JSON.stringify(newer))))).toEqual(newer)
})

test('[MV7] servers of different versions contend for the same leases', () => {
  expect(BULK_LEASE).toBe('bulk')
  expect(HOUSEKEEPING_LEASE).toBe('housekeeping')
  expect(SETTINGS_LEASE).toBe('settings')
  expect(leaseName(3)).toBe('shard-3')
})
