import { generateKeyPairSync } from 'node:crypto'
import { Keyring, type MasterKeys } from '../access/keyring.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { MemorySigningKeyStore } from '../store/memory/memory-signing-key-store.js'
import { KeyRotation } from './key-rotation.js'
import { masterKeyNeed } from './master-key-need.js'
import { PrivateKeyBox } from './private-key-box.js'
import { SigningKeys } from './signing-keys.js'
import { TEST_KEY } from './testing/an-identity-side.js'

const HOUR = 3_600_000
const NEXT_KEY = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
const REGION = 'eu-central-1'

/** One database, and servers and commands on it that have whichever master keys a test gives them. */
class ASite {
  readonly clock = new HeldClock()
  readonly random = new SeededRandom(29)
  readonly store = new MemorySigningKeyStore()
  readonly said: string[] = []
  private made = 0

  box(...bytes: readonly number[]): PrivateKeyBox {
    return new PrivateKeyBox(
      new Keyring(bytes.map((byte) => Buffer.alloc(32, byte)) as unknown as MasterKeys),
      this.random,
    )
  }

  rotation(...bytes: readonly number[]): KeyRotation {
    return new KeyRotation({ ...this.parts(...bytes), store: this.store })
  }

  server(...bytes: readonly number[]): SigningKeys {
    const observer = {
      unopened: (sentence: string) => this.said.push(sentence),
      unread: () => this.said.push('unread'),
    }
    return new SigningKeys({ ...this.parts(...bytes), store: this.store, observer })
  }

  async closedUnder(): Promise<readonly (string | undefined)[]> {
    return (await this.store.list()).map((key) => key.closedUnder?.fingerprint)
  }

  private parts(...bytes: readonly number[]) {
    const makePrivateKey = () => Promise.resolve(this.made++ === 0 ? TEST_KEY : NEXT_KEY)
    return { box: this.box(...bytes), clock: this.clock, region: REGION, makePrivateKey }
  }
}

const finger = (byte: number) => new Keyring([Buffer.alloc(32, byte)]).fingerprints[0]
/** Lets what waits for promises alone come to its end. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('closing anew', () => {
  test('[KR4] every key is closed under the first master key, and stays the same key', async () => {
    const site = new ASite()
    const { publicJwk } = await site.server(1).signer()
    expect(await site.closedUnder()).toEqual([finger(1)])
    expect(await site.rotation(2, 1).closeAnew()).toEqual({ keys: 1, closed: 1 })
    expect(await site.closedUnder()).toEqual([finger(2)])
    expect((await site.server(2).signer()).publicJwk).toEqual(publicJwk)
    await expect(site.server(1).check()).rejects.toThrow(`(${finger(1)}): it is closed under ${finger(2)}`)
  })

  test('[KR4] doing it again alters nothing, and so does doing it twice at once', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    const answers = await Promise.all([site.rotation(2, 1).closeAnew(), site.rotation(2, 1).closeAnew()])
    expect(answers.map(({ closed }) => closed).sort()).toEqual([0, 1])
    const before = await site.store.list()
    expect(await site.rotation(2, 1).closeAnew()).toEqual({ keys: 1, closed: 0 })
    expect(await site.store.list()).toEqual(before)
  })

  test('[KR4] where one key does not open nothing is altered, and its master key is named', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    site.clock.advance(HOUR)
    await site.rotation(3).addSigningKey(0)
    const before = await site.store.list()
    await expect(site.rotation(2, 1).closeAnew()).rejects.toThrow(`it is closed under ${finger(3)}`)
    expect(await site.store.list()).toEqual(before)
  })

  test('[KR4] a key that an older version closed is closed anew, so that it says since when', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    const [key] = await site.store.list()
    await site.store.remove([key!.kid])
    await site.store.addFirst({ ...key!, closedUnder: null })
    expect(await site.rotation(1).closeAnew()).toEqual({ keys: 1, closed: 1 })
    expect(await site.closedUnder()).toEqual([finger(1)])
  })

  test('[KR10] keys that nothing opens can be removed, and only those', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    site.clock.advance(HOUR)
    await site.rotation(2).addSigningKey(0)
    const [lost, kept] = await site.store.list()
    expect(await site.rotation(2).forgetUnopened()).toEqual([lost!.kid])
    expect(await site.store.list()).toEqual([kept])
    expect(await site.rotation(2).forgetUnopened()).toEqual([])
  })
})

describe('a further signing key', () => {
  test('[KR5] is published at once, signs when its time has come, and the one before is believed until its last token has ended', async () => {
    const site = new ASite()
    const first = await site.server(1).signer()
    const added = await site.rotation(1).addSigningKey(5_000)
    expect(added.kind).toBe('added')
    const server = site.server(1)
    expect((await server.published()).map(({ kid }) => kid)).toEqual([first.kid, added.key.kid])
    expect((await server.signer()).kid).toBe(first.kid)
    site.clock.advance(5_000)
    expect((await server.signer()).kid).toBe(added.key.kid)
    site.clock.advance(25 * HOUR - 1)
    expect(await server.find(first.kid)).not.toBeNull()
    expect(await server.forgetEnded()).toBe(0)
    site.clock.advance(1)
    expect(await server.find(first.kid)).toBeNull()
    expect((await server.published()).map(({ kid }) => kid)).toEqual([added.key.kid])
  })

  test('[KR7] a key whose last token has ended is removed, and no other', async () => {
    const site = new ASite()
    const server = site.server(1)
    await server.prepare()
    const { key } = await site.rotation(1).addSigningKey(0)
    site.clock.advance(25 * HOUR)
    expect(await server.forgetEnded()).toBe(1)
    expect((await site.store.list()).map(({ kid }) => kid)).toEqual([key.kid])
    expect(await server.forgetEnded()).toBe(0)
  })

  test('[KR5] is not added while another one waits to sign', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    const { key } = await site.rotation(1).addSigningKey(5_000)
    site.clock.advance(4_999)
    expect(await site.rotation(1).addSigningKey(0)).toEqual({ kind: 'waits', key })
    site.clock.advance(1)
    expect((await site.rotation(1).addSigningKey(0)).kind).toBe('added')
  })

  test('[KR5] has an id of its own, however soon it follows', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    for (let n = 0; n < 3; n++) expect((await site.rotation(1).addSigningKey(0)).kind).toBe('added')
    expect(new Set((await site.store.list()).map(({ kid }) => kid)).size).toBe(4)
  })
})

describe('a server that runs', () => {
  test('[KR6] reads every half minute which keys there are', async () => {
    const site = new ASite()
    const server = site.server(1)
    await server.prepare()
    server.watch()
    await site.rotation(1).addSigningKey(60_000)
    expect(await server.published()).toHaveLength(1)
    site.clock.advance(30_000)
    await settled()
    expect(await server.published()).toHaveLength(2)
    server.stop()
  })

  test('[KR6] reads at once for an id that it does not know, and no more often than ten times in ten seconds', async () => {
    const site = new ASite()
    const server = site.server(1)
    await server.prepare()
    const { key } = await site.rotation(1).addSigningKey(0)
    let reads = 0
    const list = site.store.list.bind(site.store)
    site.store.list = () => (reads++, list())
    expect((await server.find(key.kid))?.kid).toBe(key.kid)
    expect(reads).toBe(1)
    const all = await Promise.all(Array.from({ length: 500 }, (_, n) => server.find(`${REGION}1${n}`)))
    expect(all).toEqual(Array(500).fill(null))
    expect(reads).toBe(2)
    for (let n = 3; n < 10; n++) await server.find('unknown')
    expect(reads).toBe(9)
    const asked = server.find('unknown')
    await settled()
    expect(reads).toBe(9)
    expect((await server.find(key.kid))?.kid).toBe(key.kid)
    site.clock.advance(10_000)
    expect(await asked).toBeNull()
    expect(reads).toBe(10)
  })

  test('[KR6] never takes an older answer for an id that came in meanwhile', async () => {
    const site = new ASite()
    const server = site.server(1)
    await server.prepare()
    const list = site.store.list.bind(site.store)
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const older = await list()
    site.store.list = () => held.then(() => older)
    const spray = server.find('unknown')
    await settled()
    site.store.list = list
    const { key } = await site.rotation(1).addSigningKey(0)
    const asked = server.find(key.kid)
    release()
    expect(await spray).toBeNull()
    expect((await asked)?.kid).toBe(key.kid)
  })

  test('[KR6] goes on with the keys it knows while the store does not answer', async () => {
    const site = new ASite()
    const server = site.server(1)
    const { kid } = await server.signer()
    server.watch()
    site.store.list = () => Promise.reject(new Error('away'))
    site.clock.advance(30_000)
    await settled()
    expect(site.said).toEqual(['unread'])
    expect((await server.signer()).kid).toBe(kid)
    server.stop()
  })

  test('[KR9] leaves out a key that it cannot open, says so once, and refuses to start', async () => {
    const site = new ASite()
    const server = site.server(1)
    const { kid } = await server.signer()
    await site.rotation(2, 1).addSigningKey(0)
    server.watch()
    for (let n = 0; n < 3; n++) {
      site.clock.advance(30_000)
      await settled()
    }
    expect((await server.signer()).kid).toBe(kid)
    expect(site.said).toEqual([expect.stringContaining(`it is closed under ${finger(2)}`)])
    await expect(site.server(1).check()).rejects.toThrow(finger(2))
    await site.server(1, 2).check()
    server.stop()
  })
})

describe('how long a master key is needed', () => {
  const needOf = async (site: ASite, bytes: readonly number[], place: number) =>
    masterKeyNeed(place, { keys: await site.rotation(...bytes).standing(), retentionDays: 7, now: site.clock.now() })

  test('[KR8] as long as it closes a key, then as long as what it sealed', async () => {
    const site = new ASite()
    const { kid } = await site.server(1).signer()
    expect(await needOf(site, [2, 1], 1)).toEqual({ kind: 'closes', kids: [kid] })
    site.clock.advance(HOUR)
    const since = site.clock.now()
    await site.rotation(2, 1).closeAnew()
    const seals = { kind: 'seals', sessionsUntil: since + 24 * HOUR, linksUntil: since + 7 * 24 * HOUR }
    expect(await needOf(site, [2, 1], 1)).toEqual(seals)
    site.clock.advance(7 * 24 * HOUR - 1)
    expect(await needOf(site, [2, 1], 1)).toEqual(seals)
    site.clock.advance(1)
    expect(await needOf(site, [2, 1], 1)).toEqual({ kind: 'none' })
  })

  test('[KR8] a key that was made under the new master key before all servers had it shortens nothing', async () => {
    const site = new ASite()
    await site.server(1).prepare()
    site.clock.advance(HOUR)
    await site.rotation(2, 1).addSigningKey(0)
    site.clock.advance(HOUR)
    const since = site.clock.now()
    await site.rotation(2, 1).closeAnew()
    expect(await needOf(site, [2, 1], 1)).toMatchObject({ kind: 'seals', sessionsUntil: since + 24 * HOUR })
  })

  test('[KR8] nothing is claimed where nothing says since when', async () => {
    expect(await needOf(new ASite(), [2, 1], 1)).toEqual({ kind: 'unknown' })
  })
})
