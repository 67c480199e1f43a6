import { replace } from './testing/a-device.js'
import { guestAtFace } from './testing/guest-at-face.js'

const at = guestAtFace()
const { aDevice } = at

describe('DescribeDataset and DeleteDataset', () => {
  test('[F9] a dataset is described with its figures', async () => {
    await aDevice().update([replace('é', 'äö'), replace('b', '')], { DeviceId: 'phone' })
    expect((await aDevice().describe()).body).toEqual({
      Dataset: {
        IdentityId: at.guest.identity,
        DatasetName: 'settings',
        CreationDate: expect.any(Number),
        LastModifiedDate: expect.any(Number),
        LastModifiedBy: 'phone',
        DataStorage: 7,
        NumRecords: 2,
      },
    })
  })

  test('[F10] what does not exist can be neither described nor deleted', async () => {
    const missing = { status: 404, type: 'ResourceNotFoundException', message: "Dataset 'settings' not found." }
    expect(await aDevice().describe()).toMatchObject(missing)
    expect(await aDevice().delete()).toMatchObject(missing)
  })

  test('[F9] deleting answers what was there; afterwards it is gone, and readers of it are told', async () => {
    const device = aDevice()
    await device.update([replace('a', 'b')])
    expect((await device.delete()).body.Dataset).toMatchObject({
      DatasetName: 'settings',
      NumRecords: 1,
      DataStorage: 2,
    })
    expect((await device.describe()).status).toBe(404)
    expect((await device.list({ lastSyncCount: '1' })).body).toMatchObject({
      DatasetExists: false,
      DatasetSyncCount: 0,
      DatasetDeletedAfterRequestedSyncCount: true,
    })
    expect((await device.list()).body.DatasetDeletedAfterRequestedSyncCount).toBe(false)
  })

  test('[F8] a deletion sent as POST with the override header deletes; without it the signature is wrong', async () => {
    const device = aDevice()
    await device.update([replace('a', 'b')])
    const unity = { as: at.guest.credentials, sentAs: 'POST', body: '{}' }
    expect(await at.face.call('DELETE', device.path, unity)).toMatchObject({
      status: 403,
      type: 'InvalidSignatureException',
    })
    const overridden = await at.face.call('DELETE', device.path, {
      ...unity,
      headers: { 'x-http-method-override': 'DELETE' },
    })
    expect(overridden.body.Dataset).toMatchObject({ DatasetName: 'settings' })
  })

  test('[H11] names of 128 characters and every allowed mark work, encoded or not', async () => {
    const name = `a.b-c_d:${'x'.repeat(120)}`
    await aDevice(name).update([replace('a', 'b')])
    expect((await aDevice(name).describe()).body.Dataset.DatasetName).toBe(name)
    const raw = await at.face.call(
      'GET',
      `/identitypools/${at.guest.pool}/identities/${at.guest.identity}/datasets/${name}`,
      {
        as: at.guest.credentials,
      },
    )
    expect(raw.body.Dataset.DatasetName).toBe(name)
  })

  test.each([
    ['x'.repeat(129), "at 'datasetName'", 'less than or equal to 128'],
    ['a b', "Value 'a b' at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
    ['a/b', "Value 'a/b' at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
    ['é', "at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
  ])('[H11] refuses the dataset name %#', async (name, member, constraint) => {
    const answer = await aDevice(name).describe()
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
  })

  test('[H11] every wrong part of a path is named at once', async () => {
    const answer = await at.face.call('GET', '/identitypools/POOL/identities/x%3AY/datasets/%20')
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toMatch(/^3 validation errors detected: .*'identityPoolId'.*'identityId'.*'datasetName'/)
  })
})
