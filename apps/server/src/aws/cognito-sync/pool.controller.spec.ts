import { ADevice, replace } from './testing/a-device.js'
import { SyncFace } from './testing/sync-face.js'

let face: SyncFace
beforeAll(async () => {
  face = await SyncFace.start()
})
afterAll(() => face.close())

const at = (pool: string, rest = '') => `/identitypools/${encodeURIComponent(pool)}${rest}`
const nowhere = 'eu-central-1:00000000-0000-4000-8000-000000000000'
const notFound = { status: 404, type: 'ResourceNotFoundException', message: `IdentityPool '${nowhere}' not found.` }

async function aPool(): Promise<string> {
  const { body } = await face.identity('CreateIdentityPool', {
    IdentityPoolName: 'a pool',
    AllowUnauthenticatedIdentities: true,
  })
  return body.IdentityPoolId as string
}

test('[F9] the usage of a pool counts the bytes of its identities and the sync sessions they opened', async () => {
  const guest = await face.guest()
  const before = (await face.call('GET', at(face.pool))).body.IdentityPoolUsage
  await new ADevice(face, guest).update([replace('k', '1234')])
  await new ADevice(face, guest).list()
  const { IdentityPoolUsage } = (await face.call('GET', at(face.pool))).body
  expect(IdentityPoolUsage).toEqual({
    IdentityPoolId: face.pool,
    DataStorage: before.DataStorage + 5,
    SyncSessionsCount: before.SyncSessionsCount + 2,
    LastModifiedDate: expect.any(Number),
  })
})

test('[F17] pools are listed a page at a time; the token is the last pool in base64, as on AWS', async () => {
  const pools = [face.pool, await aPool(), await aPool(), await aPool()].sort()
  const list = (query: Readonly<Record<string, string>>) => face.call('GET', '/identitypools', { query })
  const seen: string[] = []
  let page = (await list({ maxResults: '3' })).body
  expect(page).toMatchObject({ MaxResults: 3, Count: 3, NextToken: Buffer.from(pools[2]!).toString('base64') })
  for (;;) {
    seen.push(...page.IdentityPoolUsages.map(({ IdentityPoolId }: { IdentityPoolId: string }) => IdentityPoolId))
    if (page.NextToken === undefined) break
    page = (await list({ maxResults: '3', nextToken: page.NextToken })).body
  }
  expect(seen).toEqual(pools)
  expect((await list({})).body).toMatchObject({ MaxResults: 60, Count: 4 })
  expect(await list({ nextToken: '!!' })).toMatchObject({ status: 400, type: 'InvalidParameterException' })
})

test('[F16] bulk publish is refused while streams are off, and none was ever started', async () => {
  expect(await face.call('POST', at(face.pool, '/bulkpublish'))).toMatchObject({
    status: 400,
    type: 'InvalidParameterException',
    message: `streams are not enabled for the identity pool '${face.pool}'`,
  })
  const details = await face.call('POST', at(face.pool, '/getBulkPublishDetails'))
  expect(details.body).toEqual({ IdentityPoolId: face.pool, BulkPublishStatus: 'NOT_STARTED' })
})

test('[F13] a pool that does not exist is not found, whatever is asked of it', async () => {
  for (const [method, rest, body] of [
    ['GET', ''],
    ['POST', '/bulkpublish'],
    ['POST', '/getBulkPublishDetails'],
    ['GET', '/configuration'],
    ['POST', '/configuration', '{}'],
    ['GET', '/events'],
    ['POST', '/events', '{"Events":{}}'],
  ] as const) {
    expect(await face.call(method, at(nowhere, rest), { body })).toMatchObject(notFound)
  }
})

test('[F13] identities may ask nothing about pools, not even about their own', async () => {
  const { credentials: as, pool } = await face.guest()
  for (const path of ['/identitypools', at(pool), at(pool, '/configuration'), at(nowhere)]) {
    expect(await face.call('GET', path, { as })).toMatchObject({ status: 403, type: 'NotAuthorizedException' })
  }
  for (const rest of ['/bulkpublish', '/getBulkPublishDetails', '/configuration', '/events']) {
    expect(await face.call('POST', at(pool, rest), { as, body: 'not even JSON' })).toMatchObject({ status: 403 })
  }
})

test('[H11] a pool id that is none is refused by name', async () => {
  const answer = await face.call('GET', at('no pool'))
  expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
  expect(answer.message).toBe(
    "1 validation error detected: Value 'no pool' at 'identityPoolId' failed to satisfy constraint: " +
      'Member must satisfy regular expression pattern: [\\w-]+:[0-9a-f-]+',
  )
})
