import { BatchLedger } from './batch-ledger.js'
import { ClientHistory, faultOfShared } from './client-history.js'
import type { AnsweredBatch, KeyEdits, SentBatch, Shown } from './client-process.js'

const showing = (values: Readonly<Record<string, string>>): Record<string, Shown> => ({
  alpha: {
    entries: Object.entries(values),
    pending: [],
    conflicts: [],
    parked: [],
    syncCount: 0,
    usage: { records: 0, bytes: 0, recordsMax: 0, bytesMax: 0 },
  },
})

/** Edits in a row, of which the first so many were told to be saved. */
function historyOf(edits: readonly KeyEdits[], saved: number): ClientHistory {
  const history = new ClientHistory('ada')
  edits.forEach((edit, at) => history.intended({ n: at + 1, dataset: 'alpha', edits: edit, before: at * 10 }))
  for (let n = 1; n <= saved; n++) history.saved(n, n * 10)
  return history
}

const EDITS: readonly KeyEdits[] = [
  [['ada.1', 'one']],
  [
    ['ada.a', 'two'],
    ['ada.b', 'two'],
  ],
  [['ada.1', 'three']],
  [['ada.1', null]],
]

/** What the SIGKILL test of clients believes in has to be able to say no. */
describe('the checker of a device finds', () => {
  test.each([
    ['the last that was saved', 2, { 'ada.1': 'one', 'ada.a': 'two', 'ada.b': 'two' }],
    ['one more than was told', 2, { 'ada.1': 'three', 'ada.a': 'two', 'ada.b': 'two' }],
    ['all that was begun', 2, { 'ada.a': 'two', 'ada.b': 'two' }],
    ['nothing, where nothing was saved', 0, {}],
    ['a key of another device', 0, { 'ben.1': 'whatever', 'ada.1': 'one' }],
  ])('nothing wrong with %s', (_, saved, values) => {
    expect(historyOf(EDITS, saved).reopened(showing(values as Record<string, string>))).toEqual([])
  })

  test.each([
    ['a saved edit that is lost', 2, { 'ada.1': 'one' }],
    ['all that was saved gone', 1, {}],
    ['half of an edit', 0, { 'ada.1': 'one', 'ada.a': 'two' }],
    ['a later edit without the one before', 0, { 'ada.1': 'three' }],
    ['an older value that came back', 3, { 'ada.1': 'one', 'ada.a': 'two', 'ada.b': 'two' }],
    ['a removed key that came back', 4, { 'ada.1': 'three', 'ada.a': 'two', 'ada.b': 'two' }],
    ['a value that nobody wrote', 0, { 'ada.1': 'four' }],
  ])('%s', (_, saved, values) => {
    expect(historyOf(EDITS, saved).reopened(showing(values as Record<string, string>))).not.toEqual([])
  })

  test('an edit that was there at one opening and is gone at the next', () => {
    const history = historyOf(EDITS, 0)
    expect(history.reopened(showing({ 'ada.1': 'one' }))).toEqual([])
    expect(history.reopened(showing({ 'ada.1': 'one' }))).toEqual([])
    expect(history.reopened(showing({}))).not.toEqual([])
  })

  test('an edit reported twice and begun once', () => {
    const history = historyOf(EDITS, 1)
    history.reopened(showing({ 'ada.1': 'one' }))
    expect(() => history.saved(1, 10)).toThrow('never begun')
  })

  test('a shared key that ended as something older than what was saved', () => {
    const edits: readonly KeyEdits[] = [[['shared.0', 'old']], [['shared.0', 'new']], [['shared.0', 'newest']]]
    const history = historyOf(edits, 2)
    const ended = (value: string | null) => faultOfShared({ dataset: 'alpha', key: 'shared.0', value }, [history])
    expect(ended('new')).toBeNull()
    expect(ended('newest')).toBeNull()
    expect(ended(null)).toMatch('later edits')
    expect(ended('nobody’s')).toMatch('later edits')
    const sameMoment = ended('old')
    expect(sameMoment).toBeNull() // Its clock may have said the same as that of the next one.
    history.saved(3, 30)
    expect(ended('old')).toMatch('later edits')
  })
})

describe('the checker of batches finds', () => {
  const batch = (number: number, base: number): SentBatch =>
    ({
      device: 'd',
      dataset: 'alpha',
      number,
      patches: [{ op: 'replace', key: 'k', value: `${number}`, base, deviceModifiedAt: null }],
    }) as unknown as SentBatch
  const accepted = (number: number, syncCount: number): AnsweredBatch =>
    ({ device: 'd', dataset: 'alpha', number, outcome: { outcome: 'accepted', syncCount, at: 0, by: 'd' } }) as never

  /** What was seen on the wire, in order. */
  const seen = (...batches: readonly (SentBatch | AnsweredBatch)[]): BatchLedger => {
    const ledger = new BatchLedger()
    for (const one of batches) {
      if ('outcome' in one) ledger.answered(one)
      else ledger.sent(one)
    }
    return ledger
  }

  test('nothing wrong with a batch that is sent again and answered as before', () => {
    const ledger = seen(batch(1, 0), accepted(1, 1), batch(1, 0), accepted(1, 1))
    expect(ledger.faults).toEqual([])
    expect(ledger.histories.get('alpha')!.replay().syncCount).toBe(1)
  })

  test.each([
    [
      'a batch that was applied twice',
      [batch(1, 0), accepted(1, 1), batch(1, 0), accepted(1, 2)],
      'batch 1 of device d for alpha was accepted at 1 and again at 2',
    ],
    [
      'a number that was given to other patches',
      [batch(1, 0), { ...batch(2, 0), number: 1 }],
      'batch 1 of device d for alpha was sent with other patches',
    ],
    [
      'a count that was told to two',
      [batch(1, 0), accepted(1, 1), batch(2, 1), accepted(2, 1)],
      'alpha: count 1 was answered to two different changes',
    ],
  ])('%s', (_, batches, fault) => {
    expect(seen(...batches).faults).toEqual([fault])
  })

  test('a batch that was applied and told to nobody', () => {
    const ledger = seen(batch(1, 0), accepted(1, 2))
    expect(() => ledger.histories.get('alpha')!.replay()).toThrow('count 1 of 2 was never answered')
  })
})
