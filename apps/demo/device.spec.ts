import {
  deletedElsewhere,
  edit,
  fromText,
  newDevice,
  patchesOf,
  pendingCount,
  pulled,
  pushed,
  resolve,
  shownRecords,
  toText,
} from './device.js'

type Held = { Key: string; Value?: string | null; SyncCount: number }
const page = (syncCount: number, ...records: Held[]) => ({ syncCount, records })

/** A device that has seen a theme at count 1. */
const aDevice = () => pulled(newDevice(), page(1, { Key: 'theme', Value: 'dark', SyncCount: 1 }))

test('an edit waits, and becomes a patch on the count at which the record was seen', () => {
  const device = edit(edit(aDevice(), 'theme', 'light'), 'font', 'mono')
  expect(pendingCount(device)).toBe(2)
  expect(patchesOf(device)).toEqual([
    { Op: 'replace', Key: 'theme', Value: 'light', SyncCount: 1 },
    { Op: 'replace', Key: 'font', Value: 'mono', SyncCount: 0 },
  ])
})

test('an edit that changes nothing is none', () => {
  const device = aDevice()
  expect(edit(device, 'theme', 'dark')).toBe(device)
})

test('a removed record is a patch, one that the server never saw is simply gone', () => {
  const device = edit(edit(edit(aDevice(), 'theme', null), 'new', 'x'), 'new', null)
  expect(patchesOf(device)).toEqual([{ Op: 'remove', Key: 'theme', SyncCount: 1 }])
  expect(shownRecords(device).map(({ key }) => key)).toEqual(['theme'])
})

test('what others changed is taken over, removals too', () => {
  const device = pulled(
    aDevice(),
    page(3, { Key: 'font', Value: 'serif', SyncCount: 2 }, { Key: 'theme', SyncCount: 3 }),
  )
  expect(device.syncCount).toBe(3)
  expect(shownRecords(device).map(({ key, value }) => [key, value])).toEqual([['font', 'serif']])
})

test('a record edited here and there is a conflict, and holds nothing else of the page back', () => {
  const device = pulled(
    edit(aDevice(), 'theme', 'light'),
    page(2, { Key: 'theme', Value: 'blue', SyncCount: 2 }, { Key: 'font', Value: 'serif', SyncCount: 2 }),
  )
  expect([...device.conflicts]).toEqual([['theme', { value: 'blue', syncCount: 2 }]])
  expect(shownRecords(device)).toMatchObject([
    { key: 'font', value: 'serif' },
    { key: 'theme', value: 'light', conflict: { value: 'blue' } },
  ])
  expect(patchesOf(device)).toEqual([])
})

test('equal edits here and there are no conflict', () => {
  const device = pulled(edit(aDevice(), 'theme', 'light'), page(2, { Key: 'theme', Value: 'light', SyncCount: 2 }))
  expect(device.conflicts.size).toBe(0)
  expect(patchesOf(device)).toEqual([])
})

test.each([
  ['local', [{ Op: 'replace', Key: 'theme', Value: 'light', SyncCount: 2 }], 'light'],
  ['remote', [], 'blue'],
])('a conflict resolved with the %s value', (choice, patches, value) => {
  const device = resolve(
    pulled(edit(aDevice(), 'theme', 'light'), page(2, { Key: 'theme', Value: 'blue', SyncCount: 2 })),
    'theme',
    choice,
  )
  expect(device.conflicts.size).toBe(0)
  expect(patchesOf(device)).toEqual(patches)
  expect(device.records.get('theme')?.value).toBe(value)
})

test('typing what the server holds settles a conflict', () => {
  const device = pulled(edit(aDevice(), 'theme', 'light'), page(2, { Key: 'theme', Value: 'blue', SyncCount: 2 }))
  expect(edit(device, 'theme', 'blue')).toMatchObject({ conflicts: new Map() })
  expect(pendingCount(edit(device, 'theme', 'blue'))).toBe(0)
})

test('an accepted push leaves nothing pending and moves on by the one count it took', () => {
  const device = edit(aDevice(), 'theme', 'light')
  const after = pushed(device, patchesOf(device), [{ Key: 'theme', Value: 'light', SyncCount: 2 }])
  expect([after.syncCount, pendingCount(after)]).toEqual([2, 0])
})

test('when somebody wrote in between, the count stays, so that the next pull fetches it', () => {
  const device = edit(aDevice(), 'theme', 'light')
  const after = pushed(device, patchesOf(device), [{ Key: 'theme', Value: 'light', SyncCount: 3 }])
  expect([after.syncCount, pendingCount(after)]).toEqual([1, 0])
})

test('an edit made during a push stays, on the new count', () => {
  const device = edit(aDevice(), 'theme', 'light')
  const after = pushed(edit(device, 'theme', 'blue'), patchesOf(device), [
    { Key: 'theme', Value: 'light', SyncCount: 2 },
  ])
  expect(patchesOf(after)).toEqual([{ Op: 'replace', Key: 'theme', Value: 'blue', SyncCount: 2 }])
})

test('a record removed during its first push becomes a patch once it is known', () => {
  const device = edit(newDevice(), 'new', 'x')
  const after = pushed(edit(device, 'new', null), patchesOf(device), [{ Key: 'new', Value: 'x', SyncCount: 1 }])
  expect(patchesOf(after)).toEqual([{ Op: 'remove', Key: 'new', SyncCount: 1 }])
})

test('when the dataset was deleted elsewhere, only edits that never left this device remain', () => {
  const device = deletedElsewhere(edit(pulled(aDevice(), page(2)), 'font', 'mono'))
  expect(device.syncCount).toBe(0)
  expect(patchesOf(device)).toEqual([{ Op: 'replace', Key: 'font', Value: 'mono', SyncCount: 0 }])
})

test('keys are keys, whatever JavaScript thinks of them, and survive being stored', () => {
  const device = fromText(toText(edit(edit(newDevice(), '__proto__', 'a'), 'constructor', '')))
  expect(shownRecords(device).map(({ key, value }) => [key, value])).toEqual([
    ['__proto__', 'a'],
    ['constructor', ''],
  ])
})
