import { connect } from 'node:net'
import { randomUUID } from 'node:crypto'
import { adminOf, aPool, DEVELOPER_PROVIDER } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange, rawExchange } from '../support/http-exchange.js'
import {
  aDeveloperBearer,
  aGuestBearer,
  guestToken,
  LiveDevice,
  RawSocket,
  settled,
  SOCKET_TARGET,
  type Bearer,
} from '../support/live-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'

let server: RunningServer
let pool: string
let guest: Bearer
const devices: { close(): void }[] = []

const open = async (...given: Parameters<typeof LiveDevice.open>) => {
  const device = await LiveDevice.open(...given)
  devices.push(device)
  return device
}

const refusalOf = async (auth: object) => {
  const device = LiveDevice.dial(server, auth)
  devices.push(device)
  await eventually(() => settled(device.refused !== null, 'not refused'), 10_000)
  return device.refused!
}

beforeAll(async () => {
  server = await startServer()
  pool = await aPool(server, { AllowClassicFlow: true })
  guest = await aGuestBearer(server, pool)
}, 60_000)

afterEach(() => devices.splice(0).forEach((device) => device.close()))
afterAll(() => server.stop())

test('[NB5] a token opens a socket, whose first message says whose it is, until when, and what may be held', async () => {
  const device = await open(server, guest)
  const [hello] = device.hellos
  expect(hello).toMatchObject({
    protocol: 1,
    pool,
    identity: guest.identity,
    limits: { recordsPerDatasetMax: 1_024, bytesPerDatasetMax: 1_048_576, datasetsPerIdentityMax: 20 },
  })
  expect(Math.abs(hello!.serverTime - Date.now())).toBeLessThan(5_000)
  expect(hello!.expiresAt - hello!.serverTime).toBeGreaterThan(590_000)
  expect(device.strange).toEqual([])
})

test('[NB6] versions that the server does not speak are refused by naming the one it does', async () => {
  expect(await refusalOf({ protocols: [2, 99], token: guest.token })).toEqual({
    code: 'InvalidParameter',
    message: 'this server speaks version 1 of the protocol, the client does not',
    retryAfterMs: null,
  })
  const device = LiveDevice.dial(server, { protocols: [7, 1, 2], token: guest.token })
  devices.push(device)
  await eventually(() => settled(device.hellos.length > 0, 'no greeting'), 10_000)
  expect(device.hellos[0]?.protocol).toBe(1)
})

test.each([
  ['nothing', () => ({}), 'InvalidParameter'],
  ['a member too many', () => ({ protocols: [1], token: guest.token, extra: 1 }), 'InvalidParameter'],
  ['a token that is no text', () => ({ protocols: [1], token: { a: 1 } }), 'InvalidParameter'],
  ['what is no token', () => ({ protocols: [1], token: 'let me in' }), 'InvalidIdentityToken'],
  ['a token that somebody changed', () => ({ protocols: [1], token: forged(guest.token) }), 'InvalidIdentityToken'],
] as const)('[NB5] %s opens nothing', async (_, auth, code) => {
  const refused = await refusalOf(auth())
  expect(refused.code).toBe(code)
  expect(refused.message).not.toContain('let me in')
})

test('[NB5] a guest’s token opens nothing once the identity is gone, or is no guest any more', async () => {
  const [deleted, signedIn] = [await aGuestBearer(server, pool), await aGuestBearer(server, pool)]
  await adminOf(server).identity.deleteIdentities({ IdentityIdsToDelete: [deleted.identity] })
  await signIn(signedIn)
  for (const { token } of [deleted, signedIn]) {
    expect((await refusalOf({ protocols: [1], token })).code).toBe('NotAuthorized')
  }
})

test('[NB5] a token that has ended opens nothing', async () => {
  const { token } = await aDeveloperBearer(server, pool, { seconds: 1 })
  const refused = await eventually(async () => {
    const device = await open(server, { token })
    return settled(device.refused?.code ?? false, 'still taken')
  }, 10_000)
  expect(refused).toBe('ExpiredToken')
}, 30_000)

test('[NB5] a connection that was refused, or that never says who it is, does not stay', async () => {
  const raw = new RawSocket(server)
  await raw.until((frame) => frame.startsWith('0'))
  raw.send('40{"protocols":[1],"token":"no"}')
  await raw.until((frame) => frame.startsWith('44'))
  await raw.end(5_000)
  const silent = new RawSocket(server)
  await silent.until((frame) => frame.startsWith('0'))
  await silent.end(15_000)
}, 30_000)

test('[NB5] who asks twice on one connection gets none', async () => {
  const raw = new RawSocket(server)
  await raw.until((frame) => frame.startsWith('0'))
  const connecting = `40${JSON.stringify({ protocols: [1], token: guest.token })}`
  for (let again = 0; again < 100; again++) raw.send(connecting)
  await raw.end(5_000)
  await expect(open(server, guest)).resolves.toMatchObject({ failed: null })
})

describe('[NB7] of pages in browsers', () => {
  let strict: RunningServer
  beforeAll(async () => {
    strict = await startServer({ settings: { SATCHEL_ALLOWED_ORIGINS: 'https://app.example.com' } })
  }, 60_000)
  afterAll(() => strict.stop())

  test.each([
    ['https://app.example.com', 101],
    ['https://evil.example.com', 403],
    ['https://app.example.com.evil.com', 403],
    ['null', 403],
    [undefined, 101],
  ])('those of origin %s get %i', async (origin, status) => {
    expect(await statusOf(strict, origin === undefined ? {} : { origin })).toBe(status)
  })

  test('a page that took a name of its own for this machine gets none on loopback', async () => {
    expect(await statusOf(server, { origin: 'http://localhost:3000' })).toBe(101)
    expect(await statusOf(server, { origin: 'http://evil.example', host: 'evil.example' })).toBe(403)
    expect(await statusOf(server, { origin: 'http://localhost:3000', host: 'evil.example' })).toBe(403)
  })
})

test('[NB7] one address has no more sockets than are set, and a socket that ends makes room', async () => {
  const small = await startServer({ settings: { SATCHEL_SOCKETS_PER_ADDRESS: '3' } })
  try {
    const bearer = await aGuestBearer(small, await aPool(small, { AllowClassicFlow: true }))
    const held = [await open(small, bearer), await open(small, bearer), await open(small, bearer)]
    expect(await statusOf(small, {})).toBe(429)
    held[0]!.close()
    await eventually(async () => settled((await statusOf(small, {})) === 101, 'no room yet'), 5_000)
    expect((await exchange(small.url, { target: '/metrics' })).text).toMatch(
      /satchel_upgrades_refused_total\{code="TooManyRequests"\} [1-9]/,
    )
  } finally {
    await small.stop()
  }
}, 60_000)

test('[NB7] a socket elsewhere than at its path is answered like any unknown operation', async () => {
  const raw = new RawSocket(server, {}, '/elsewhere')
  await raw.opened()
  expect(raw.status).toBe(404)
  const polling = await exchange(server.url, { target: '/socket.io/?EIO=4&transport=polling' })
  expect(polling.status).toBe(404)
})

test('[NB7] a request that offers another protocol is served as if it had not, and so is the next', async () => {
  const body = JSON.stringify({ IdentityPoolId: pool })
  const head = (offer: string) =>
    `POST / HTTP/1.1\r\nHost: localhost\r\n${offer}X-Amz-Target: AWSCognitoIdentityService.GetId\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n'
  const { text } = await rawExchange(
    server.url,
    (socket) => {
      socket.write(`${head(offer)}${body.slice(0, 5)}`)
      setImmediate(() => socket.write(`${body.slice(5)}${head('Connection: close\r\n')}${body}`))
    },
    { withinMs: 5_000 },
  )
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
  expect(text.match(/"IdentityId":"us-east-1:/g)).toHaveLength(2)
})

test('[NB12] renewing replaces the token, and a token of somebody else is refused', async () => {
  const device = await open(server, await aDeveloperBearer(server, pool, { userId: 'renewing', seconds: 4 }))
  const longer = await aDeveloperBearer(server, pool, { userId: 'renewing', seconds: 600 })
  const stranger = await aGuestBearer(server, pool)
  expect(await device.ask('renew', { token: stranger.token })).toMatchObject({ error: { code: 'NotAuthorized' } })
  const hello = await device.renew(longer.token)
  expect(hello.expiresAt).toBeGreaterThan(device.hellos[0]!.expiresAt)
  const doomed = await open(server, await aDeveloperBearer(server, pool, { seconds: 2 }))
  expect(await doomed.end()).toMatchObject({ code: 'ExpiredToken' })
  // Opened before the other, and with a token that by now would have ended, too.
  await eventually(() => settled(Date.now() > device.hellos[0]!.expiresAt + 1_500, 'too early'), 10_000)
  expect(await device.ask('sync', { device: 'd', datasets: [] })).toMatchObject({ ok: true })
}, 30_000)

test('[NB13] a socket ends at once when its identity is deleted, or its pool', async () => {
  const [going, staying] = [await aGuestBearer(server, pool), await aGuestBearer(server, pool)]
  const sockets = [await open(server, going), await open(server, going), await open(server, staying)]
  await adminOf(server).identity.deleteIdentities({ IdentityIdsToDelete: [going.identity] })
  for (const device of sockets.slice(0, 2)) expect(await device.end(1_000)).toMatchObject({ code: 'NotAuthorized' })
  expect(await sockets[2]!.ask('watch', { datasets: [] })).toMatchObject({ ok: true })

  const closing = await aPool(server, { AllowClassicFlow: true })
  const device = await open(server, await aGuestBearer(server, closing))
  await adminOf(server).identity.deleteIdentityPool({ IdentityPoolId: closing })
  expect(await device.end(1_000)).toMatchObject({ code: 'NotAuthorized' })
})

test('[NB13] a guest’s socket ends within half a minute once somebody has signed in as that identity', async () => {
  const guestToBe = await aGuestBearer(server, pool)
  const device = await open(server, guestToBe)
  await signIn(guestToBe)
  expect(await device.end(30_000)).toMatchObject({ code: 'NotAuthorized' })
}, 60_000)

test('no line of the log holds a token', async () => {
  const token = await guestToken(server, guest.identity)
  await open(server, { token })
  const lines = JSON.stringify(await server.log())
  expect(lines).toContain('"msg":"connected"')
  expect(lines).toContain('"reason":"expired"')
  for (const part of token.split('.').slice(1)) expect(lines).not.toContain(part)
})

/** Links a login of the developer provider to a guest's identity. */
const signIn = ({ identity }: Bearer) =>
  adminOf(server).identity.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId: pool,
    IdentityId: identity,
    Logins: { [DEVELOPER_PROVIDER]: randomUUID() },
  })

const forged = (token: string): string => {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const other = { ...claims, sub: 'us-east-1:00000000-0000-4000-8000-000000000000' }
  return [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.')
}

/** Of the answer to an upgrade, 101 where it goes through. */
async function statusOf({ url }: RunningServer, headers: Record<string, string>): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET ${SOCKET_TARGET} HTTP/1.1\r\n${lines.join('')}connection: Upgrade\r\nupgrade: websocket\r\n` +
          'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
    )
    socket.once('error', reject)
    socket.once('data', (head: Buffer) => {
      socket.destroy()
      resolve(Number(head.toString().split(' ')[1]))
    })
  })
}
