import { DemoPeople } from '../support/demo-people.js'

const people = new DemoPeople()

test('writes are told what became of them', async () => {
  const a = await people.open({ conflicts: () => 'defer' })
  const ours = a.dataset('settings')
  const accepted = ours.put('theme', 'dark')
  expect(await accepted.outcome).toEqual({ kind: 'accepted' })
  const b = await people.open({ guest: a.identity!, conflicts: 'remote' })
  const theirs = b.dataset('settings')
  await b.synchronize()

  b.pause()
  await theirs.put('theme', 'theirs')
  await theirs.put('only', 'theirs')
  expect(await ours.put('theme', 'ours').outcome).toEqual({ kind: 'accepted' })
  const overruled = theirs.put('theme', 'theirs again')
  b.resume()
  await b.synchronize()
  expect(await overruled.outcome).toEqual({ kind: 'overruled' })
  expect(theirs.get('theme')).toBe('ours')

  await a.synchronize()
  a.pause()
  const conflicting = ours.put('theme', 'ours, offline')
  const superseded = ours.put('other', '1')
  const newer = ours.put('other', '2')
  await theirs.put('theme', 'theirs, meanwhile').outcome
  a.resume()
  await a.synchronize()
  expect(await conflicting.outcome).toEqual({ kind: 'conflict' })
  expect([await superseded.outcome, await newer.outcome]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
  const [conflict] = ours.conflicts()
  expect(conflict).toMatchObject({
    key: 'theme',
    local: { value: 'ours, offline' },
    remote: { value: 'theirs, meanwhile' },
  })
  expect(await conflict!.resolve({ value: 'both' }).outcome).toEqual({ kind: 'accepted' })
  await b.synchronize()
  expect(theirs.get('theme')).toBe('both')
})

test('what no server would take is refused before it is queued, with the limit named', async () => {
  const client = await people.open({ paused: true })
  const settings = client.dataset('settings')
  expect(() => settings.put('', 'x')).toThrow("at 'key' failed to satisfy constraint: Member must have length greater")
  expect(() => settings.put('a\u0000b', 'x')).toThrow('U+0000')
  expect(() => settings.put('a', '\ud800')).toThrow('lone surrogates')
  expect(() => settings.put('a', 7 as unknown as string)).toThrow('Member must be a string')
  await settings.edit(Array.from({ length: 1_024 }, (_, at) => [`key-${at}`, 'x'] as const))
  expect(() => settings.put('one more', 'x')).toThrow('there would be 1025 records in the dataset; at most 1024')
  await settings.remove('key-0')
  await settings.put('one more', 'x')
  expect(() => settings.put('key-1', 'x'.repeat(1_048_000))).toThrow('bytes in the dataset; at most 1048576')
  expect(settings.usage()).toMatchObject({ records: 1_024, recordsMax: 1_024, bytesMax: 1_048_576 })
  expect(() => client.dataset('a b')).toThrow('datasetName')
})
