import { remove, replace } from './testing/a-device.js'
import { guestAtFace } from './testing/guest-at-face.js'

const at = guestAtFace()

const listDatasets = (query: Readonly<Record<string, string>> = {}) =>
  at.face.call('GET', `${at.guest.path}/datasets`, { as: at.guest.credentials, query })

test('[F9] an identity without datasets lists none and has used nothing', async () => {
  expect((await listDatasets()).body).toEqual({ Datasets: [], Count: 0 })
  expect((await at.face.call('GET', at.guest.path, { as: at.guest.credentials })).body).toEqual({
    IdentityUsage: { IdentityId: at.guest.identity, IdentityPoolId: at.guest.pool, DatasetCount: 0, DataStorage: 0 },
  })
})

test('[F9] datasets are listed by name, a page at a time', async () => {
  for (const name of ['c', 'a', 'b']) await at.aDevice(name).update([replace('k', name)])
  await at.aDevice('gone').update([replace('k', 'v')])
  await at.aDevice('gone').delete()
  const names = (body: { Datasets: { DatasetName: string }[] }) => body.Datasets.map(({ DatasetName }) => DatasetName)
  expect(names((await listDatasets()).body)).toEqual(['a', 'b', 'c'])
  const first = (await listDatasets({ maxResults: '2' })).body
  expect([names(first), first.Count]).toEqual([['a', 'b'], 2])
  const second = (await listDatasets({ maxResults: '2', nextToken: first.NextToken })).body
  expect(names(second)).toEqual(['c'])
  expect(second).not.toHaveProperty('NextToken')
  expect((await listDatasets({ maxResults: '1000' })).status).toBe(200)
})

test('[F10] a page token of another identity is refused', async () => {
  for (const name of ['a', 'b']) await at.aDevice(name).update([replace('k', name)])
  const { NextToken } = (await listDatasets({ maxResults: '1' })).body as { NextToken: string }
  const other = await at.face.guest()
  const answer = await at.face.call('GET', `${other.path}/datasets`, {
    as: other.credentials,
    query: { nextToken: NextToken },
  })
  expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
})

test('[F9] usage counts live bytes and datasets, and says when it last changed', async () => {
  await at.aDevice('a').update([replace('k', '12345'), replace('gone', '12345')])
  await at.aDevice('a').update([remove('gone', 1)])
  await at.aDevice('b').update([replace('k', 'ä')])
  const { body } = await at.face.call('GET', at.guest.path)
  expect(body.IdentityUsage).toEqual({
    IdentityId: at.guest.identity,
    IdentityPoolId: at.guest.pool,
    DatasetCount: 2,
    DataStorage: 9,
    LastModifiedDate: expect.any(Number),
  })
})

test('[F13] usage and datasets of an identity that does not exist are not found for the account', async () => {
  const path = at.guest.path.replace(/[0-9a-f]{12}$/, '000000000000')
  for (const answer of [await at.face.call('GET', path), await at.face.call('GET', `${path}/datasets`)]) {
    expect(answer).toMatchObject({ status: 404, type: 'ResourceNotFoundException' })
  }
})
