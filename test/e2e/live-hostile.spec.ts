import { readFileSync } from 'node:fs'
import { aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import {
  aGuestBearer,
  asking,
  batchOf,
  codeOf,
  LiveDevice,
  RawSocket,
  settled,
  syncOverHttp,
  twin,
  type Bearer,
} from '../support/live-device.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const SECRET = 'my secret diary'
const ARROWS = { deep: '['.repeat(100_000) + ']'.repeat(100_000) }

let server: RunningServer
let pool: string
let bearer: Bearer
const open: { close(): void }[] = []

const aRaw = async (whose = bearer) => {
  const raw = await RawSocket.open(server, whose)
  open.push(raw)
  return raw
}

const aDevice = async (whose = bearer, on = server) => {
  const device = await LiveDevice.open(on, whose)
  open.push(device)
  return device
}

const metric = async (name: string, on = server): Promise<number> => {
  const { text } = await exchange(on.url, { target: '/metrics' })
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1) ?? 0,
  )
}

beforeAll(async () => {
  server = await startServer()
  pool = await aPool(server, { AllowClassicFlow: true })
  bearer = await aGuestBearer(server, pool)
}, 60_000)

afterEach(() => open.splice(0).forEach((one) => one.close()))
afterAll(() => server.stop())

describe('[NB18] what no client sends', () => {
  const frames: Record<string, readonly (string | Buffer)[]> = {
    'is no packet': [SECRET],
    'is an unknown packet': ['9'],
    'is a packet of nothing': ['4'],
    'is a message of nothing': ['42'],
    'is cut JSON': [`42["sync","${SECRET}`],
    'is no list': [`42{"sync":"${SECRET}"}`],
    'has no name': ['42[]'],
    'has a number for a name': ['42[1,{}]'],
    'is named as socket.io names its own events': [`42["disconnect","${SECRET}"]`],
    'asks for no answer': [`42["sync","${SECRET}"]`],
    'is unknown and asks for no answer': [`42["${SECRET}",{}]`],
    'is nested without end and asks for no answer': [`42["sync",${ARROWS.deep}]`],
    'is binary': [Buffer.from(SECRET)],
    'announces bytes that are something else': ['451-["sync",{"_placeholder":true,"num":7}]', Buffer.from(SECRET)],
    'announces a million attachments': ['451000000-["sync"]'],
    'connects again': ['40{"protocols":[1],"token":"x"}'],
    'says that it could not connect': ['44{"message":"x"}'],
    'is larger than the largest message': [`42["sync","${'x'.repeat(8 * 1_048_576)}"]`],
  }

  test.each(Object.keys(frames))('and %s ends its socket, and nobody else is harmed', async (what) => {
    const raw = await aRaw()
    const beside = await aDevice()
    for (const frame of frames[what]!) raw.send(frame)
    await raw.end(10_000)
    expect(raw.frames.join('')).not.toContain('diary')
    expect(await beside.ask('watch', { datasets: [] })).toMatchObject({ ok: true })
  })

  test('and that asks for an answer gets a refusal which repeats nothing of it, and the socket goes on', async () => {
    const raw = await aRaw()
    const asked = [
      `["${SECRET}",{}]`,
      `["sync"]`,
      `["sync",{},{}]`,
      `["sync",null]`,
      `["sync","${SECRET}"]`,
      `["sync",${ARROWS.deep}]`,
      `["sync",{"device":"d","datasets":[],"${SECRET}":1}]`,
      `["sync",{"device":"d","datasets":[],"__proto__":{}}]`,
      `["sync",{"device":"d","datasets":[{"dataset":"d","epoch":1e400,"since":0,"page":null,"batch":null}]}]`,
      `["sync",${JSON.stringify({ device: 'd', datasets: Array.from({ length: 10_000 }, (_, i) => asking({ dataset: `d${i}` })) })}]`,
      `["sync",${JSON.stringify({ device: 'd', datasets: [asking({ dataset: 'd', page: SECRET })] })}]`,
      `["watch",{"datasets":{}}]`,
      `["renew",{"token":"${SECRET}"}]`,
      `["renew",{"token":{"${SECRET}":1}}]`,
      `["hello",{}]`,
    ]
    for (const [id, message] of asked.entries()) {
      raw.send(`42${id}${message}`)
      const frame = await raw.until((one) => one.startsWith(`43${id}[`))
      expect(JSON.parse(frame.slice(`43${id}`.length))).toMatchObject([{ ok: false }])
      expect(frame).not.toContain('diary')
      expect(frame.length).toBeLessThan(1_000)
    }
    raw.send('42999["watch",{"datasets":[]}]')
    await raw.until((frame) => frame === '43999[{"ok":true,"answer":{"changed":[]}}]')
    expect(JSON.stringify(await server.log())).not.toContain('diary')
  }, 30_000)
})

test('[NB8] of more than eight messages at a time the rest is told to come back', async () => {
  const device = await aDevice()
  const request = (number: number) => ({
    device: device.name,
    datasets: [asking({ dataset: `many${number % 4}`, batch: batchOf(number, { key: `k${number}`, value: 'v' }) })],
  })
  const answers = await Promise.all(Array.from({ length: 40 }, (_, number) => device.ask('sync', request(number + 1))))
  const refused = answers.filter(({ ok }) => !ok).map(codeOf)
  expect(new Set(refused)).toEqual(new Set(['TooManyRequests']))
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(8)
  expect(await device.ask('sync', { device: 'd', datasets: [] })).toMatchObject({ ok: true })
})

test('[NB17] a reader that asks and does not read is cut before its answers fill the memory', async () => {
  const greedy = await aGuestBearer(server, pool)
  const writer = await aDevice(greedy)
  for (let number = 1; number <= 4; number++) {
    const edits = [{ key: 'k', value: 'v'.repeat(1_000_000) }]
    await writer.sync({ dataset: `big${number}`, batch: batchOf(number, ...edits) })
  }
  const before = rssOf(server)
  const raw = await aRaw(greedy)
  raw.pause()
  const datasets = [1, 2].map((number) => asking({ dataset: `big${number}` }))
  const message = JSON.stringify(['sync', { device: 'greedy', datasets }])
  let highest = 0
  await eventually(async () => {
    for (let id = 0; id < 8; id++) raw.send(`42${id}${message}`)
    highest = Math.max(highest, rssOf(server))
    return settled((await metric('satchel_sockets_ended_total{reason="slow"}')) > 0, 'not cut yet')
  }, 20_000)
  expect((highest - before) / 1_048_576).toBeLessThan(200)
  expect(await writer.ask('watch', { datasets: [] })).toMatchObject({ ok: true })
}, 40_000)

test('[NB17] a reader that falls behind is told only of the last change of each dataset, and cut after 30 seconds', async () => {
  const owner = await aGuestBearer(server, pool)
  const [writer, slow, stuck] = [await aDevice(owner), await aRaw(owner), await aRaw(owner)]
  for (const raw of [slow, stuck]) {
    raw.send('421["watch",{"datasets":[{"dataset":"busy","epoch":0,"since":0}]}]')
    await raw.until((frame) => frame.startsWith('431['))
    raw.pause()
  }
  const coalesced = await metric('satchel_hints_total{kind="coalesced"}')
  let count = 0
  await eventually(async () => {
    count++
    const value = 'v'.repeat(60_000)
    const answer = await writer.sync({
      dataset: 'busy',
      epoch: 1,
      since: count - 1,
      batch: batchOf(count, { key: `k${count % 2}`, value, base: Math.max(0, count - 2) }),
    })
    expect(answer.datasets[0]?.batch).toMatchObject({ outcome: 'accepted' })
    if (count % 50 !== 0) return settled(false, 'not behind yet')
    return settled((await metric('satchel_hints_total{kind="coalesced"}')) >= coalesced + 200, 'not behind yet')
  }, 25_000)
  slow.resume()
  const last = await slow.until(
    (frame) => frame.includes(`"through":${count},`) || frame.includes(`"through":${count}}`),
  )
  expect(JSON.parse(last.slice(2))).toMatchObject(['changed', { dataset: 'busy', through: count, records: null }])
  expect(slow.frames.length).toBeLessThan(count)
  const cut = await metric('satchel_sockets_ended_total{reason="slow"}')
  await eventually(
    async () => settled((await metric('satchel_sockets_ended_total{reason="slow"}')) > cut, 'kept'),
    40_000,
  )
  expect(slow.closed).toBeNull()
}, 100_000)

test('[NB19] a server that stops answers what is in work, says so to every socket, and exits in time', async () => {
  const stopping = await startServer()
  const owner = await aGuestBearer(stopping, await aPool(stopping, { AllowClassicFlow: true }))
  const devices = await Promise.all(Array.from({ length: 50 }, () => aDevice(owner, stopping)))
  const halfOpen = new RawSocket(stopping)
  await halfOpen.opened()
  const deaf = await RawSocket.open(stopping, owner)
  deaf.pause()
  open.push(halfOpen, deaf)
  const waiting = twin(stopping, 'watch', { datasets: [{ dataset: 's', epoch: 0, since: 0 }] }, owner)
  await eventually(async () => settled((await metric('satchel_sockets', stopping)) === 51, 'not all open'), 5_000)
  const writes = devices.map((device, index) =>
    device.ask('sync', {
      device: device.name,
      datasets: [asking({ dataset: 'settings', batch: batchOf(1, { key: `k${index}`, value: 'v' }) })],
    }),
  )
  const first = await Promise.race(writes)
  const exit = stopping.process.end(9_000)
  stopping.process.signal('SIGTERM')
  expect(first.ok).toBe(true)
  for (const answer of await Promise.all(writes)) if (!answer.ok) expect(codeOf(answer)).toBe('ServiceUnavailable')
  expect((await waiting).json()).toEqual({ ok: true, answer: { changed: [] } })
  const ends = await Promise.all(devices.map((device) => device.end()))
  for (const end of ends) expect(end).toMatchObject({ code: 'ServiceUnavailable' })
  // Each at another moment, within a second.
  const moments = ends.map((end) => end!.retryAfterMs!)
  expect(Math.max(...moments)).toBeLessThan(1_000)
  expect(new Set(moments).size).toBeGreaterThan(10)
  expect((await exit).code).toBe(0)
}, 60_000)

test('[NB9] what a socket was told is accepted survives SIGKILL, and the same batch gets the same answer', async () => {
  const first = await startServer()
  const owner = await aGuestBearer(first, await aPool(first, { AllowClassicFlow: true }))
  const device = await aDevice(owner, first)
  const request = {
    device: device.name,
    datasets: [asking({ dataset: 'settings', batch: batchOf(1, { key: 'theme', value: 'dark' }) })],
  }
  const accepted = await device.ask('sync', request)
  await first.kill()
  expect(await device.end()).toBeNull()
  const second = await first.restart({ SATCHEL_PUBLIC_URL: first.url })
  try {
    const again = await syncOverHttp(second, owner.token, request)
    const before = (accepted as unknown as { answer: typeof again }).answer
    expect(again.datasets[0]?.batch).toEqual(before.datasets[0]?.batch)
    const read = await syncOverHttp(second, owner.token, {
      device: 'reader',
      datasets: [asking({ dataset: 'settings' })],
    })
    expect(read.datasets[0]?.changes).toMatchObject({ through: 1, records: [{ key: 'theme', value: 'dark' }] })
  } finally {
    await second.stop()
  }
}, 60_000)

/** Resident bytes of the server's process. */
const rssOf = (running: RunningServer): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${running.process.pid}/status`, 'utf8'))![1]) * 1_024
