import 'reflect-metadata'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'
import { refusal, TOKEN_LIFE_MS } from './core-transport.js'
import { aDevice, aServer, inTime, opening, pass, settled, stored, until } from './session-device.js'

const tabOn = opening()

test("[NE10] a token is renewed on the live connection before it ends, however wrong the device's clock is", async () => {
  const world = await aServer()
  let issued = 0
  const a = await tabOn(world, aDevice(), { tokens: () => `token ${++issued}` })
  for (let token = 1; token <= 9; token++) a.transport.tokens.add(`token ${token}`)
  await inTime(world, () => a.isQuiet())
  for (let hour = 0; hour < 3; hour++) {
    await pass(world, TOKEN_LIFE_MS * 0.85)
  }
  expect(a.wire.filter(({ message, direction }) => message === 'renew' && direction === 'sent')).toHaveLength(3)
  expect(a.transport.connects).toBe(1)
  expect(JSON.stringify(a.wire)).not.toContain('token 2')
})

test('[NE10] a renewal that fails is tried again; only a definite refusal needs the user', async () => {
  const world = await aServer()
  let act: () => string = () => 'good'
  const a = await tabOn(world, aDevice(), { tokens: () => act() })
  await until(() => a.isQuiet())
  act = () => {
    throw new ConnectionFault('unreachable', 'the login is out of reach')
  }
  await pass(world, TOKEN_LIFE_MS * 0.81)
  expect(a.session.status.kind).toBe('live')
  act = () => 'good'
  await inTime(world, () => a.wire.some(({ message, direction }) => message === 'renew' && direction === 'received'))
  act = () => {
    throw refusal({ code: 'NotAuthorized', message: 'the user is gone' })
  }
  await pass(world, TOKEN_LIFE_MS * 0.81)
  await until(() => a.session.status.kind === 'needs-auth')
  expect(a.session.status.reason).toBe('the user is gone')
})

test('[NE10] an ended token is replaced at once', async () => {
  const world = await aServer()
  let tokens = 0
  const a = await tabOn(world, aDevice(), { tokens: () => (tokens++ === 0 ? 'good' : 'better') })
  a.transport.tokens.add('better')
  await until(() => a.isQuiet())
  world.clock.advance(20_000)
  await settled()
  a.transport.tokens.delete('good')
  a.transport.cut({ code: 'ExpiredToken', message: 'the token has ended', retryAfterMs: null })
  await until(() => a.isQuiet())
  expect(tokens).toBe(2)
})

test('[NE10] a fresh token that is refused needs the user, and a wish tries again', async () => {
  const world = await aServer()
  const a = await tabOn(world, aDevice(), { tokens: () => 'bad' })
  await until(() => a.session.status.kind === 'needs-auth')
  world.clock.advance(300_000)
  await settled()
  expect(a.transport.connects).toBe(1)
  await expect(a.session.synchronize()).rejects.toBeInstanceOf(ConnectionFault)
  expect(a.transport.connects).toBe(2)
  a.transport.tokens.add('bad')
  await a.session.synchronize()
  expect(a.session.status.kind).toBe('live')
})

test("[NE10] the login of another identity than the store's needs the user, and nothing is mixed", async () => {
  const world = await aServer()
  const device = aDevice()
  const a = await tabOn(world, device)
  await until(() => a.isQuiet())
  a.transport.identity = 'us-east-1:20000000-0000-4000-8000-000000000002' as never
  a.transport.cut()
  await a.edit({ theme: 'dark' })
  await inTime(world, () => a.session.status.kind === 'needs-auth')
  expect(a.session.status.reason).toMatch(/belongs to/)
  expect(await stored(world)).toEqual({ count: 0, values: {} })
})
