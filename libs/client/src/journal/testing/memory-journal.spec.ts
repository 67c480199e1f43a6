import { faultOf, groupOf, journalContract, snapshotOf } from '../journal.contract.js'
import { MemoryJournalFile } from './memory-journal.js'

describe('MemoryJournal', () => {
  journalContract(() => {
    const file = new MemoryJournalFile()
    return Promise.resolve({
      open: () => file.open(),
      shared: true,
      lose: () => Promise.resolve(file.evict()),
      close: () => Promise.resolve(),
    })
  })

  const file = new MemoryJournalFile()
  const journal = file.open()
  beforeAll(() => journal.recover())

  test('[NC5] a fault that is injected leaves nothing behind, and the next append works', async () => {
    file.failNext('append', 'full')
    expect(await faultOf(journal.append(groupOf('a'), null))).toBe('full')
    expect(await journal.append(groupOf('b'), null)).toBe(1)
  })

  test('[NC7] an answer that is lost tells a fault of a group that got in', async () => {
    file.loseAnswerOfNext('append')
    expect(await faultOf(journal.append(groupOf('c'), null))).toBe('unavailable')
    expect((await journal.readAfter(1)).map(({ group }) => group)).toEqual([groupOf('c')])
  })

  test('[NC2] what is held back goes on in order', async () => {
    const release = file.hold('append')
    const appends = [journal.append(groupOf('d'), null), journal.append(groupOf('e'), null)]
    expect(await file.open().recover()).toMatchObject({ groups: { length: 2 } })
    release()
    expect(await Promise.all(appends)).toEqual([3, 4])
  })

  test('[NC9] an evicted store is lost for who has it open', async () => {
    file.evict()
    expect(await faultOf(journal.append(groupOf('f'), null))).toBe('lost')
    expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('lost')
    expect(await file.open().recover()).toMatchObject({ groups: [], snapshot: null })
  })
})
