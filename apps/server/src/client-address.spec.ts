import 'reflect-metadata'
import { SOCKET_PATH } from '@satchel/protocol'
import { request, type IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { SyncFace } from './aws/cognito-sync/testing/sync-face.js'

const ALICE = '198.51.100.1'
const BOB = '203.0.113.2'
const STRANGERS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '127.0.0.1']

let face: SyncFace
const open: Socket[] = []

/** Two sockets and two guests for each address; more of them only in a thousand seconds. */
const started = async (SATCHEL_TRUSTED_PROXIES: string) => {
  const settings = { SATCHEL_SOCKETS_PER_ADDRESS: '2', SATCHEL_TRUSTED_PROXIES }
  face = await SyncFace.start(settings, { guestRate: { perSecond: 0.001, burst: 2 } })
}

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  await face.close()
})

/** The status that a request of these headers is answered, 429 for any that says TooManyRequests; a socket that it opens stays open. */
const statusOf = (path: string, headers: Readonly<Record<string, string | string[]>>, body?: string) =>
  new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(face.server.url)
    const asked = request({ hostname, port, path, headers, agent: false, method: body === undefined ? 'GET' : 'POST' })
    asked.on('response', (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      // All refusals of cognito-identity are answered 400.
      answer.on('end', () => resolve(String(chunks).includes('"TooManyRequestsException') ? 429 : answer.statusCode!))
    })
    asked.on('upgrade', (answer, socket: Socket) => {
      open.push(socket.on('error', () => {}))
      resolve(answer.statusCode!)
    })
    asked.on('error', reject)
    asked.end(body)
  })

type Claim = IncomingHttpHeaders['x-forwarded-for'] | string[]
const claiming = (claim: Claim) => (claim === undefined ? {} : { 'x-forwarded-for': claim })

const opened = (claim?: Claim) =>
  statusOf(`${SOCKET_PATH}/?EIO=4&transport=websocket`, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...claiming(claim),
  })

const become = async (pool: string, claim?: Claim) => {
  const headers = { 'x-amz-target': 'AWSCognitoIdentityService.GetId', ...claiming(claim) }
  return statusOf('/', headers, JSON.stringify({ IdentityPoolId: pool }))
}

/** Status after status, as one client is answered. */
async function each(claims: readonly Claim[], ask: (claim: Claim) => Promise<number>): Promise<readonly number[]> {
  const statuses: number[] = []
  for (const claim of claims) statuses.push(await ask(claim))
  return statuses
}

describe('behind a trusted proxy', () => {
  beforeEach(() => started('127.0.0.1, 10.0.0.0/8'))

  test('[O27] [NB7] clients have sockets each for himself, whatever they claim', async () => {
    expect(await each([ALICE, ALICE, ALICE], opened)).toEqual([101, 101, 429])
    const forged = STRANGERS.map((stranger) => `${stranger}, ${ALICE}`)
    expect(await each(forged, opened)).toEqual(forged.map(() => 429))
    const inTwoLines = [
      [STRANGERS[0]!, ALICE],
      [`${STRANGERS[0]}, ${ALICE}`, '10.7.7.7'],
    ]
    expect(await each(inTwoLines, opened)).toEqual([429, 429])
    expect(await each([BOB, `${ALICE}, ${BOB}`, BOB], opened)).toEqual([101, 101, 429])
  })

  test('[O27] [I16] clients make guests each for himself, whatever they claim', async () => {
    const ask = (claim: Claim) => become(face.pool, claim)
    expect(await each([ALICE, ALICE, ALICE], ask)).toEqual([200, 200, 429])
    const forged = STRANGERS.map((stranger) => `${stranger}, ${ALICE}, 10.7.7.7`)
    expect(await each(forged, ask)).toEqual(forged.map(() => 429))
    expect(await each([BOB, `${ALICE}, ${BOB}`, BOB], ask)).toEqual([200, 200, 429])
  })
})

test('[O27] [NB7] [I16] where the connection is nobody’s who is trusted, what it claims changes nothing', async () => {
  await started('10.0.0.0/8')
  expect(await each([ALICE, BOB, ...STRANGERS, undefined], opened)).toEqual([101, 101, 429, 429, 429, 429, 429])
  const ask = (claim: Claim) => become(face.pool, claim)
  expect(await each([ALICE, BOB, ...STRANGERS, undefined], ask)).toEqual([200, 200, 429, 429, 429, 429, 429])
})
