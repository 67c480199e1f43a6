import { readFileSync } from 'node:fs'
import { aPool } from '../support/a-pool.js'
import { exchange } from '../support/http-exchange.js'
import { RawSocket } from '../support/live-device.js'
import { recordedExchanges, type Step } from '../support/recorded-exchanges.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const document = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8')

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
}, 60_000)

afterAll(() => server.stop())

test('[NB20] every exchange that docs/PROTOCOL.md records happens just so, to the byte', async () => {
  const told = new Map([['pool', await aPool(server, { AllowClassicFlow: true })]])
  const clients = new Map<string, { raw: RawSocket; heard: number }>()
  const exchanges = recordedExchanges(document)
  expect(exchanges.length).toBeGreaterThan(15)

  const spoken = (text: string) => text.replace(/<(\w+)>/g, (mark, name: string) => told.get(name) ?? mark)
  const clientOf = (name: string) => {
    const held = clients.get(name) ?? { raw: new RawSocket(server), heard: 0 }
    clients.set(name, held)
    return held
  }
  const play = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'send':
        return clientOf(step.client).raw.send(spoken(step.frame))
      case 'receive': {
        const client = clientOf(step.client)
        const place = client.heard++
        await client.raw.until(() => client.raw.frames.length > place, 5_000)
        return expect(masked(client.raw.frames[place]!, told)).toBe(step.frame)
      }
      case 'closes':
        return void (await clientOf(step.client).raw.end(5_000))
      case 'http': {
        const { target, headers, body, status, answerHeaders, answer } = step
        const sent = { method: 'POST', target, body: spoken(body) }
        const said = Object.entries(headers).map(([name, value]) => [name, spoken(value)])
        const got = await exchange(server.url, { ...sent, headers: Object.fromEntries(said) as Record<string, string> })
        learn(got.text, told)
        expect({ status: got.status, answer: masked(got.text, told) }).toEqual({ status, answer })
        return expect(got.headers).toMatchObject(answerHeaders)
      }
    }
  }
  try {
    for (const steps of exchanges) for (const step of steps) await play(step)
    // Nobody heard anything that is not written down.
    for (const { raw, heard } of clients.values()) expect(raw.frames.slice(heard)).toEqual([])
  } finally {
    for (const { raw } of clients.values()) raw.close()
  }
}, 60_000)

/** Takes up what later steps need from an answer of the identity calls. */
function learn(text: string, told: Map<string, string>): void {
  for (const [member, name] of [
    ['IdentityId', 'identity'],
    ['Token', 'token'],
  ] as const) {
    const found = new RegExp(`"${member}":"([^"]+)"`).exec(text)?.[1]
    if (found !== undefined) told.set(name, found)
  }
}

/** A frame as the document writes it: what differs from run to run has a name. */
function masked(frame: string, told: ReadonlyMap<string, string>): string {
  const named = [...told].reduce((text, [name, value]) => text.replaceAll(value, `<${name}>`), frame)
  return named
    .replace(/"sid":"[\w-]+"/g, '"sid":"<sid>"')
    .replace(/"(at|modifiedAt|expiresAt|serverTime)":\d{13}\b/g, '"$1":<time>')
}
