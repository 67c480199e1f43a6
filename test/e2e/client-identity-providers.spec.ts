import { GuestProvider } from '../../libs/client/src/identity/guest-provider.js'
import { LoginProvider } from '../../libs/client/src/identity/login-provider.js'
import { SocketTransport } from '../../libs/client/src/transport/socket-transport.js'
import { adminOf, aPool, DEVELOPER_PROVIDER } from '../support/a-pool.js'
import { faultOf } from '../support/fault-of.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { Strangers } from '../support/strangers.js'

const strangers = new Strangers()
let server: RunningServer
let pool: string

beforeAll(async () => {
  server = await startServer()
  pool = await aPool(server)
})
afterAll(() => server.stop())

describe('identities', () => {
  test('[NE14] a guest is made once, and stays the same', async () => {
    const provider = new GuestProvider({ endpoint: server.url, pool })
    const first = await provider.authenticate(null)
    expect(first.guest).toBe(true)
    const again = await provider.authenticate(first.identity)
    expect(again.identity).toBe(first.identity)
    expect(again.token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  test('[NE14] a guest that is gone on the server is a refusal, for somebody to decide', async () => {
    const provider = new GuestProvider({ endpoint: server.url, pool })
    const { identity } = await provider.authenticate(null)
    await adminOf(server).identity.deleteIdentities({ IdentityIdsToDelete: [identity] })
    const fault = await faultOf(provider.authenticate(identity))
    expect(fault).toMatchObject({ kind: 'refused', error: { code: 'ResourceNotFound' } })
  })

  test('[NE14] a guest provider tells nobody there, and a portal, from a refusal', async () => {
    const at = (endpoint: string) => new GuestProvider({ endpoint, pool }).authenticate(null)
    expect(await faultOf(at('http://127.0.0.1:9'))).toMatchObject({ kind: 'unreachable' })
    expect(await faultOf(at(await strangers.portal()))).toMatchObject({ kind: 'not-satchel' })
  })

  test("[NE14] a user signs in through the app's backend, which is told of the guest", async () => {
    const asked: unknown[] = []
    const login = new LoginProvider(async (request) => {
      asked.push(request)
      const { IdentityId, Token } = await adminOf(server).identity.getOpenIdTokenForDeveloperIdentity({
        IdentityPoolId: pool,
        Logins: { [DEVELOPER_PROVIDER]: 'ada' },
      })
      return { identityId: IdentityId!, token: Token! }
    })
    const user = await login.authenticate('us-east-1:00000000-0000-4000-8000-000000000009')
    expect(asked).toEqual([{ guest: 'us-east-1:00000000-0000-4000-8000-000000000009' }])
    expect(user.guest).toBe(false)
    const connection = await new SocketTransport(server.url).connect(user.token, {
      changed: () => {},
      closed: () => {},
    })
    connection.close()
    expect(connection.hello.identity).toBe(user.identity)
  })

  test('[NE14] a login that fails is tried again, one that answers nonsense is not', async () => {
    const failing = new LoginProvider(() => Promise.reject(new Error('HTTP 502')))
    expect(await faultOf(failing.authenticate(null))).toMatchObject({ kind: 'unreachable' })
    const odd = new LoginProvider(() => Promise.resolve({} as never))
    expect(await faultOf(odd.authenticate(null))).toMatchObject({ kind: 'refused' })
  })
})
