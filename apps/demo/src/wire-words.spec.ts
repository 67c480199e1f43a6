import { gistOf, messageText } from './wire-words.js'

const event = (body: unknown) => ({ at: 0, direction: 'sent' as const, message: 'sync', body })

test('[NF4] tokens are cut from a message that is shown', () => {
  const shown = messageText({ protocols: [1], token: 'eyJhbGciOiJSUzI1NiJ9.secret', nested: [{ Token: 'abcdefghij' }] })
  expect(shown).toContain('eyJhbG…')
  expect(shown).not.toMatch(/secret|abcdefg/)
  expect(messageText(undefined)).toBe('')
})

test.each([
  [{ device: 'd', datasets: [{ dataset: 'a', since: 4, batch: null }] }, 'a, since 4'],
  [
    { datasets: [{ dataset: 'a', since: 4, batch: { number: 2, patches: [{}, {}] } }] },
    'a, since 4, batch 2 of 2 patches',
  ],
  [
    { ok: true, answer: { datasets: [{ dataset: 'a', batch: { outcome: 'accepted', syncCount: 5 }, changes: null }] } },
    'a, accepted at 5',
  ],
  [
    { datasets: [{ dataset: 'a', batch: { outcome: 'conflict' }, changes: { through: 9, records: [{}] } }] },
    'a, conflict, 1 record through 9',
  ],
  [{ dataset: 'a', base: 1, through: 2, records: null }, 'a, through 2'],
  [{ ok: false, error: { code: 'NotAuthorized', message: 'the token has ended' } }, 'the token has ended'],
  [{ changed: [{}] }, '1 dataset'],
  [{ protocol: 1, identity: 'us-east-1:1' }, 'us-east-1:1'],
  [null, ''],
  ['text', ''],
  [{ __proto__: null, other: 1 }, ''],
])('the gist of %j is %s', (body, gist) => {
  expect(gistOf(event(body))).toBe(gist)
})
