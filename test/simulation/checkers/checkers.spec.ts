import { AWS_LIMITS, type DatasetName, type IdentityId, type RecordKey, type SyncCount } from '@satchel/protocol'
import type { AppEdit, Commit, DatasetViewed, DeviceView, LogEntry, ServerView } from '../history.js'
import { AnswerCheck } from './check-answer.js'
import { checkConvergence } from './check-convergence.js'
import { checkOutcomes, checkSaved, writtenValues } from './check-edits.js'
import { checkIntent, type JournaledEdit } from './check-intent.js'
import { checkLog } from './replayed-log.js'

const me = 'us-east-1:me' as IdentityId
const prefs = 'prefs' as DatasetName

type Patched = readonly [key: string, value: string | null, base: number]

const commit = (count: number, patches: readonly Patched[], more: Partial<Commit> = {}): Commit => ({
  identity: me,
  dataset: prefs,
  kind: 'update',
  epoch: 1,
  count: count as SyncCount,
  at: 0,
  by: 'phone',
  batch: `batch ${count}`,
  patches: patches.map(([key, value, base]) => {
    const common = { key: key as RecordKey, base: base as SyncCount, deviceModifiedAt: null }
    return value === null ? { op: 'remove', ...common } : { op: 'replace', value, ...common }
  }),
  ...more,
})

const deletion = (count: number): Commit => commit(count, [], { kind: 'delete', batch: null })

const edit = (value: string | null, more: Partial<AppEdit> = {}): AppEdit => ({
  id: 1,
  identities: () => [me],
  device: 'phone',
  tab: 't1',
  dataset: 'prefs',
  key: 'theme',
  value,
  atMs: 0,
  isIdle: () => false,
  saved: true,
  savedOrder: 1,
  failed: false,
  storageLost: false,
  overruled: () => false,
  outcome: null,
  ...more,
})

const viewed = (more: Partial<DatasetViewed> = {}): DatasetViewed => ({
  dataset: 'prefs',
  syncCount: 1,
  shown: [],
  pending: [],
  conflicts: [],
  parked: [],
  ...more,
})

const view = (dataset: Partial<DatasetViewed> = {}, more: Partial<DeviceView> = {}): DeviceView => ({
  device: 'phone',
  tab: 't1',
  identity: me,
  status: 'live',
  reason: '',
  datasets: [viewed(dataset)],
  ...more,
})

const held = (live: ServerView['live']): ServerView => ({
  identity: me,
  dataset: 'prefs',
  exists: true,
  syncCount: 1,
  live,
})

const found = (entries: readonly LogEntry[], limits = AWS_LIMITS): string[] =>
  checkLog(entries, limits, (value) => value.endsWith('#')).violations.map(({ checker }) => checker)

describe('the log', () => {
  test('a good history passes: updates, a removal, a deletion, a recreation, a collected tombstone', () => {
    const history = [
      commit(1, [['theme', 'dark#', 0]]),
      commit(2, [['theme', null, 1]]),
      { kind: 'collected', identity: me, dataset: prefs, keys: ['theme' as RecordKey] } as const,
      commit(3, [['theme', 'light#', 0]]),
      deletion(4),
      commit(5, [['theme', 'blue#', 0]], { epoch: 2 }),
    ]
    expect(checkLog(history, AWS_LIMITS, () => true).violations).toEqual([])
  })

  test.each<[string, string, readonly LogEntry[]]>([
    ['a count left out', 'counts', [commit(1, []), commit(3, [])]],
    ['a count used twice', 'counts', [commit(1, []), commit(1, [], { batch: 'other' })]],
    ['counts that start over after a deletion', 'counts', [commit(1, []), deletion(2), commit(1, [], { epoch: 2 })]],
    ['an epoch that falls', 'counts', [commit(1, [], { epoch: 2 }), commit(2, [], { epoch: 1 })]],
    ['a patch against an old count', 'bases', [commit(1, [['a', 'x', 0]]), commit(2, [['a', 'y', 0]])]],
    ['a patch against a count to come', 'bases', [commit(1, [['a', 'x', 7]])]],
    [
      'a removed key that returns from nothing',
      'bases',
      [commit(1, [['a', 'x', 0]]), commit(2, [['a', null, 1]]), commit(3, [['a', 'x', 0]])],
    ],
    ['a batch applied twice', 'once', [commit(1, [], { batch: 'same' }), commit(2, [], { batch: 'same' })]],
    ['a value applied twice under two numbers', 'once', [commit(1, [['a', 'x#', 0]]), commit(2, [['a', 'x#', 1]])]],
    [
      'a key twice in a batch',
      'atomic',
      [
        commit(1, [
          ['a', 'x', 0],
          ['a', 'y', 0],
        ]),
      ],
    ],
    [
      'a live record collected',
      'collected',
      [commit(1, [['a', 'x', 0]]), { kind: 'collected', identity: me, dataset: prefs, keys: ['a' as RecordKey] }],
    ],
  ])('finds %s', (_, checker, history) => {
    expect(found(history)).toContain(checker)
  })

  test('finds a passed limit at the very commit, also when a later one makes it good', () => {
    const limits = { ...AWS_LIMITS, recordsPerDatasetMax: 1 }
    expect(found([commit(1, [['a', '', 0]]), commit(2, [['b', '', 0]]), commit(3, [['b', null, 2]])], limits)).toEqual([
      'limits',
    ])
  })

  test('measures bytes of UTF-8, and of the whole identity', () => {
    const limits = { ...AWS_LIMITS, bytesPerDatasetMax: 4, bytesPerIdentityMax: 6 }
    expect(found([commit(1, [['a', 'é', 0]])], limits)).toEqual([])
    expect(found([commit(1, [['a', 'éé', 0]])], limits)).toEqual(['limits'])
    const other = commit(1, [['b', 'yyy', 0]], { dataset: 'notes' as DatasetName })
    expect(found([commit(1, [['a', 'é', 0]]), other], limits)).toEqual(['limits'])
  })
})

describe('saved edits', () => {
  const nothing = writtenValues([])

  test('an edit that waits, was written, was replaced or was overruled is not lost', () => {
    expect(checkSaved([edit('dark')], [view({ pending: [{ key: 'theme', value: 'dark' }] })], nothing)).toEqual([])
    expect(checkSaved([edit('dark')], [view({ parked: [{ key: 'theme', value: 'dark' }] })], nothing)).toEqual([])
    const written = writtenValues([commit(1, [['theme', 'dark', 0]])])
    expect(checkSaved([edit('dark')], [view()], written)).toEqual([])
    const later = edit('light', { id: 2, savedOrder: 2 })
    expect(checkSaved([edit('dark'), later], [view({ pending: [{ key: 'theme', value: 'light' }] })], nothing)).toEqual(
      [],
    )
    expect(checkSaved([edit('dark', { overruled: () => true })], [view()], nothing)).toEqual([])
  })

  test('finds one that is nowhere', () => {
    expect(checkSaved([edit('dark')], [view()], nothing)).toHaveLength(1)
  })

  test('of one tab the last call counts, also where what it did before is saved after it', () => {
    const earlier = edit('dark', { savedOrder: 2 })
    const later = edit('light', { id: 2, savedOrder: 1 })
    expect(checkSaved([earlier, later], [view({ pending: [{ key: 'theme', value: 'light' }] })], nothing)).toEqual([])
    expect(checkSaved([earlier, later], [view({ pending: [{ key: 'theme', value: 'dark' }] })], nothing)).toHaveLength(
      1,
    )
  })

  test('between tabs the order of the journal counts, not that of the calls', () => {
    const earlier = edit('dark', { savedOrder: 2, tab: 't2' })
    const later = edit('light', { id: 2, savedOrder: 1 })
    expect(checkSaved([earlier, later], [view({ pending: [{ key: 'theme', value: 'dark' }] })], nothing)).toEqual([])
    expect(checkSaved([earlier, later], [view({ pending: [{ key: 'theme', value: 'light' }] })], nothing)).toHaveLength(
      1,
    )
  })

  test('finds one whose place an edit took that was never kept', () => {
    expect(
      checkSaved([edit('dark'), edit('light', { id: 2, saved: false, failed: true })], [view()], nothing),
    ).toHaveLength(1)
  })

  test('finds a removal that is nowhere, though not one of a key that nobody ever wrote', () => {
    expect(checkSaved([edit(null)], [view()], nothing)).toEqual([])
    const written = writtenValues([commit(1, [['theme', 'dark', 0]])])
    expect(checkSaved([edit(null)], [view()], written)).toHaveLength(1)
  })

  test('finds a write that was called accepted and that the server never had', () => {
    const accepted = edit('dark', { outcome: { kind: 'accepted' } })
    expect(checkOutcomes([accepted], nothing)).toHaveLength(1)
    expect(checkOutcomes([accepted], writtenValues([commit(1, [['theme', 'dark', 0]])]))).toEqual([])
  })
})

describe('convergence', () => {
  test('a tab that shows what the server holds passes; conflicts and parked edits show what is here', () => {
    expect(checkConvergence([view({ shown: [['a', '1']] })], [held([['a', '1']])])).toEqual([])
    const conflicts = [{ key: 'a', local: '1', remote: '2', remoteBy: 'pad' }]
    const pending = [{ key: 'a', value: '1' }]
    expect(checkConvergence([view({ shown: [['a', '1']], conflicts, pending })], [held([['a', '2']])])).toEqual([])
  })

  test.each<[string, DeviceView, ServerView['live']]>([
    ['a record that did not arrive', view(), [['a', '1']]],
    ['a removed record that is still shown', view({ shown: [['a', '1']] }), []],
    ['another value', view({ shown: [['a', '1']] }), [['a', '2']]],
    ['an edit that still waits', view({ shown: [['a', '1']], pending: [{ key: 'a', value: '1' }] }), [['a', '1']]],
    ['a tab that is not live', view({}, { status: 'waiting' }), []],
  ])('finds %s', (_, shown, live) => {
    expect(checkConvergence([shown], [held(live)])).not.toEqual([])
  })
})

describe('intent', () => {
  const seen = (base: number): JournaledEdit => ({
    identity: me,
    device: 'phone',
    dataset: 'prefs',
    key: 'a',
    value: 'mine',
    base,
  })
  const judged = (edited: JournaledEdit, entries: readonly LogEntry[], decided = false) =>
    checkIntent(
      entries,
      (_identity, _dataset, _key, value) => (value === 'mine' ? edited : undefined),
      () => new Set(['phone']),
      () => decided,
    )
  const theirs = commit(1, [['a', 'theirs', 0]], { by: 'pad' })
  const mine = commit(2, [['a', 'mine', 1]])

  test('writing over what was seen passes, and so does what somebody decided', () => {
    expect(judged(seen(1), [theirs, mine])).toEqual([])
    expect(judged(seen(0), [theirs, mine], true)).toEqual([])
  })

  test('finds a base that was moved past what another device wrote', () => {
    expect(judged(seen(0), [theirs, mine])).toHaveLength(1)
  })

  test('what was written on top of an own removal passes, where others wrote and left nothing meanwhile', () => {
    const others = (last: LogEntry) => [
      commit(1, [['a', 'old', 0]], { by: 'pad' }),
      commit(2, [['a', null, 1]]),
      commit(3, [['a', 'theirs', 2]], { by: 'pad' }),
      last,
      commit(5, [['a', 'mine', 0]]),
    ]
    expect(judged(seen(1), others({ ...deletion(4), by: 'pad' }))).toEqual([])
    expect(judged(seen(1), others(commit(4, [['a', 'again', 3]], { by: 'pad' })))).toHaveLength(1)
  })

  test('finds an edit that brings back what another device deleted', () => {
    const entries = [
      commit(1, [['a', 'old', 0]], { by: 'pad' }),
      { ...deletion(2), by: 'pad' },
      commit(3, [['a', 'mine', 0]]),
    ]
    expect(judged(seen(1), entries)).toHaveLength(1)
  })
})

describe('answers', () => {
  const log = [
    commit(1, [
      ['a', '1', 0],
      ['b', '1', 0],
    ]),
    commit(2, [['a', null, 1]]),
  ]
  const record = (key: string, value: string | null, syncCount: number) => ({
    ...{ key: key as RecordKey, value, syncCount: syncCount as SyncCount },
    ...{ modifiedAt: 0, modifiedBy: 'phone', deviceModifiedAt: null },
  })
  const answered = (
    since: number,
    snapshot: boolean,
    records: ReturnType<typeof record>[],
    own: number | null = null,
  ) =>
    new AnswerCheck(() => log).check(
      me,
      { dataset: prefs, epoch: 1, since: since as SyncCount, page: null, batch: null },
      { epoch: 1, exists: true, snapshot, through: 2 as SyncCount, records, next: null },
      own as SyncCount | null,
    )

  test('a whole delta, a whole snapshot, and a delta without what was just written pass', () => {
    expect(answered(1, false, [record('a', null, 2)])).toEqual([])
    expect(answered(1, false, [], 2)).toEqual([])
    expect(answered(0, true, [record('b', '1', 1)])).toEqual([])
  })

  test('finds a record left out, one that is old, and one that was not due', () => {
    expect(answered(1, false, [])).toHaveLength(1)
    expect(answered(0, true, [record('a', '1', 1), record('b', '1', 1)])).toHaveLength(1)
    expect(answered(0, false, [record('a', '1', 1), record('b', '1', 1)])).toHaveLength(1)
    expect(answered(1, false, [record('a', null, 2), record('b', '1', 1)])).toHaveLength(1)
  })
})
