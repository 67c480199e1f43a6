import { ACCOUNT_ID } from '../../access/testing/an-access.js'
import { ADevice, replace } from './testing/a-device.js'
import { guestAtFace } from './testing/guest-at-face.js'

const at = guestAtFace()

describe('who may', () => {
  test('[F13] an identity touches only its own; what exists elsewhere and what does not are answered alike', async () => {
    const other = await at.face.guest()
    await new ADevice(at.face, other).update([replace('a', 'secret')])
    const ghost = { ...other, path: at.guest.path.replace(/[0-9a-f]{12}$/, '000000000000') }
    for (const whose of [other, ghost]) {
      const device = new ADevice(at.face, { ...whose, credentials: at.guest.credentials })
      for (const answer of [
        await device.list(),
        await device.describe(),
        await device.delete(),
        await device.update([], { SyncSessionToken: 'x' }),
      ]) {
        expect(answer).toMatchObject({
          status: 403,
          type: 'NotAuthorizedException',
          message: 'These credentials are not valid for accessing this resource',
        })
      }
    }
  })

  test('[F13] the account reads and writes for every identity, and is told what does not exist', async () => {
    const account = new ADevice(at.face, { ...at.guest, credentials: undefined as never })
    expect((await account.update([replace('a', 'b')])).status).toBe(200)
    expect((await account.describe()).body.Dataset.LastModifiedBy).toBe(ACCOUNT_ID)
    const nobody = new ADevice(at.face, {
      ...at.guest,
      path: at.guest.path.replace(/[0-9a-f]{12}$/, '000000000000'),
      credentials: undefined as never,
    })
    const nowhere = new ADevice(at.face, {
      ...at.guest,
      path: at.guest.path.replace(/[0-9a-f]{12}\/id/, '000000000000/id'),
      credentials: undefined as never,
    })
    for (const [device, what] of [
      [nobody, /^Identity '.*' not found\.$/],
      [nowhere, /^Identity(Pool)? '.*' not found\.$/],
    ] as const) {
      for (const answer of [await device.list(), await device.describe(), await device.delete()]) {
        expect(answer).toMatchObject({ status: 404, type: 'ResourceNotFoundException' })
        expect(answer.message).toMatch(what)
      }
    }
  })

  test('[F1] an unsigned request and a stranger are refused in AWS form', async () => {
    const path = `${at.guest.path}/datasets/settings`
    expect(await at.face.call('GET', path, { as: null })).toMatchObject({
      status: 403,
      type: 'MissingAuthenticationTokenException',
    })
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' }
    expect(await at.face.call('GET', path, { as: stranger })).toMatchObject({
      status: 403,
      type: 'UnrecognizedClientException',
    })
  })
})
