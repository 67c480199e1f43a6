import { datasetOf } from '../support/a-pool.js'
import { exchange, type Answer } from '../support/http-exchange.js'
import { servedGuest } from '../support/served-guest.js'
import { datasetPath, replace } from '../support/wire-client.js'

const on = servedGuest()

describe('browsers', () => {
  const PAGE = 'http://localhost:5173'
  const preflight = (origin: string, target = datasetPath(on.me, 'x')): Promise<Answer> =>
    exchange(on.server.url, {
      method: 'OPTIONS',
      target,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-amz-date,x-amz-security-token',
      },
    })

  test.each(['/', '/identitypools/x/identities/y/datasets/z'])(
    '[F6] a page on loopback may send what SDKs send, to %s',
    async (target) => {
      const { status, headers } = await preflight(PAGE, target)
      expect(status).toBe(204)
      expect(headers['access-control-allow-origin']).toBe(PAGE)
      expect(headers['access-control-allow-methods']!.split(',').map((word) => word.trim())).toEqual(
        expect.arrayContaining(['GET', 'POST', 'DELETE']),
      )
      const allowed = headers['access-control-allow-headers']!.toLowerCase().split(/, ?/)
      expect(allowed).toEqual(
        expect.arrayContaining([
          'authorization',
          'content-type',
          'x-amz-date',
          'x-amz-security-token',
          'x-amz-content-sha256',
          'x-amz-user-agent',
          'x-amz-target',
          'amz-sdk-invocation-id',
          'amz-sdk-request',
        ]),
      )
    },
  )

  test('[F6] answers and errors show pages what SDKs read', async () => {
    for (const answer of [
      await on.me.device.wire.send({ target: `${datasetPath(on.me, 'x')}/records`, headers: { origin: PAGE } }),
      await on.me.device.wire.send({ target: datasetPath(on.me, 'absent'), headers: { origin: PAGE } }),
      await exchange(on.server.url, { target: '/nothing', headers: { origin: PAGE } }),
      await exchange(on.server.url, { target: '/%zz', headers: { origin: PAGE } }),
    ]) {
      expect(answer.headers['access-control-allow-origin']).toBe(PAGE)
      const exposed = answer.headers['access-control-expose-headers']!.toLowerCase().split(/, ?/)
      expect(exposed).toEqual(
        expect.arrayContaining(['x-amzn-errortype', 'x-amzn-errormessage', 'x-amzn-requestid', 'date']),
      )
    }
  })

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example'])(
    '[F6] a page from elsewhere gets no leave: %s',
    async (origin) => {
      expect((await preflight(origin)).headers).not.toHaveProperty('access-control-allow-origin')
      const answer = await on.me.device.wire.send({ target: `${datasetPath(on.me, 'x')}/records`, headers: { origin } })
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    },
  )

  test('the SDK’s own clients see the listing that was set up here', async () => {
    await on.me.device.write('members', replace('a', '1'))
    expect((await on.me.sync.listRecords(datasetOf(on.me, 'members'))).DatasetExists).toBe(true)
  })
})
