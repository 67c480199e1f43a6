import type { AppEdit } from '../history.js'
import { checkOutcomes, checkSaved, writtenValues } from './check-edits.js'
import { commit, me, view } from './made-up-history.js'

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
  savedAtMs: 0,
  savedOrder: 1,
  failed: false,
  storageLost: false,
  overruled: () => false,
  outcome: null,
  ...more,
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
