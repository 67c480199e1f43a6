import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, replace } from '../domain/testing/a-dataset.js'
import { datasetsWorld } from './testing/datasets-world.js'

const HOUR = 3_600_000

test('[S1] a token begins with a letter and opens for its own dataset only', async () => {
  const { list, update } = await datasetsWorld()
  const { sessionToken } = await list()
  expect(sessionToken).toMatch(/^[A-Za-z][\w-]+$/)
  for (const where of [path('other'), path('settings', OTHER_IDENTITY), path('settings', IDENTITY, OTHER_POOL)]) {
    expect(await update(sessionToken, [replace('a', '1')], where)).toEqual({ kind: 'bad-session-token' })
    expect(await list({ sessionToken }, where)).toEqual({ kind: 'bad-session-token' })
  }
})

test('[S1] an altered token does not open, whichever character is altered', async () => {
  const { list, update } = await datasetsWorld()
  const { sessionToken } = await list()
  for (let at = 0; at < sessionToken.length; at++) {
    const altered = sessionToken.slice(0, at) + (sessionToken[at] === 'x' ? 'y' : 'x') + sessionToken.slice(at + 1)
    expect(await update(altered, [])).toEqual({ kind: 'bad-session-token' })
  }
  for (const odd of ['', 'A', 'é', sessionToken + 'A', sessionToken.slice(0, -1), 'x'.repeat(100_000)]) {
    expect(await update(odd, [])).toEqual({ kind: 'bad-session-token' })
  }
})

test('[S2] a token is good for 24 hours', async () => {
  const { list, update, clock } = await datasetsWorld()
  const { sessionToken } = await list()
  clock.advance(24 * HOUR - 1)
  expect((await list({ sessionToken })).kind).toBe('listed')
  clock.advance(1)
  expect(await list({ sessionToken })).toEqual({ kind: 'bad-session-token' })
  expect(await update(sessionToken, [replace('a', '1')])).toEqual({ kind: 'bad-session-token' })
})

test('[S3] a token may be used for listing again and again until an update spends it', async () => {
  const { list, update } = await datasetsWorld()
  const { sessionToken } = await list()
  expect((await list({ sessionToken })).sessionToken).toBe(sessionToken)
  expect((await update(sessionToken, [replace('a', '1')])).kind).toBe('accepted')
  expect(await list({ sessionToken })).toEqual({ kind: 'session-spent' })
})

test('[S4] the same update sent again gets its first answer; anything else with the token is refused', async () => {
  const { list, update } = await datasetsWorld()
  const { sessionToken } = await list()
  const first = await update(sessionToken, [replace('a', '1')])
  expect(await update(sessionToken, [replace('a', '1')])).toEqual(first)
  expect(await update(sessionToken, [replace('a', '2')])).toEqual({ kind: 'session-spent' })
  expect((await list()).syncCount).toBe(1)
})

test('[S5] a refused update spends nothing', async () => {
  const { list, update, write } = await datasetsWorld()
  await write(replace('a', '1'))
  const { sessionToken } = await list()
  expect(await update(sessionToken, [replace('a', '2', 0)])).toMatchObject({ kind: 'stale', held: 1 })
  expect((await list({ sessionToken })).kind).toBe('listed')
  expect((await update(sessionToken, [replace('a', '2', 1)])).kind).toBe('accepted')
})
