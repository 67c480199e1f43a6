import type { Authentication } from './identity-provider.js'
import { EarlyToken } from './early-token.js'
import { HeldClock } from '../local/testing/held-clock.js'

const GUEST = { guest: true, identity: 'us-east-1:guest' }

function asking() {
  const asked: (string | null)[] = []
  const clock = new HeldClock()
  const guests = {
    authenticate(known: string | null): Promise<Authentication> {
      asked.push(known)
      return Promise.resolve({ identity: known!, token: `token ${asked.length}`, guest: true })
    },
  }
  return { asked, clock, guests }
}

test('[NP2] a known guest’s token is asked for at once, and is there for the first who asks', async () => {
  const { asked, ...ports } = asking()
  const early = EarlyToken.of(GUEST, ports)
  expect(asked).toEqual([GUEST.identity])
  expect(await early?.take(GUEST.identity)).toMatchObject({ token: 'token 1' })
  expect(early?.take(GUEST.identity)).toBeNull()
})

test('[NP2] it is nobody’s for another identity, and not after ten seconds', () => {
  const one = asking()
  expect(EarlyToken.of(GUEST, one)?.take('us-east-1:other')).toBeNull()
  const other = asking()
  const early = EarlyToken.of(GUEST, other)
  other.clock.advance(10_000)
  expect(early?.take(GUEST.identity)).toBeNull()
})

test('[NP2] nobody is asked about a new guest, or about a user who is signed in', () => {
  const { asked, ...ports } = asking()
  expect(EarlyToken.of({ guest: true, identity: null }, ports)).toBeNull()
  expect(EarlyToken.of({ guest: false, identity: 'us-east-1:user' }, ports)).toBeNull()
  expect(asked).toEqual([])
})

test('a question that fails harms nobody until its answer is asked for', async () => {
  const { clock } = asking()
  const guests = { authenticate: () => Promise.reject(new Error('nobody there')) }
  const early = EarlyToken.of(GUEST, { guests, clock })
  await expect(early?.take(GUEST.identity)).rejects.toThrow('nobody there')
})
