import { DatasetHistory, differences } from './dataset-history.js'
import { ABSENT_LISTING, remove, replace, type Listing } from './wire-client.js'

const listingOf = (over: Partial<Listing>): Listing => ({
  ...ABSENT_LISTING,
  SyncSessionToken: 't',
  ...over,
})

/** What the SIGKILL test believes in has to be able to say no. */
describe('the checker of histories finds', () => {
  test('nothing wrong with a history that is right', () => {
    const history = new DatasetHistory()
    history.accepted(1, [replace('a', '1'), replace('b', '1')])
    history.accepted(2, [remove('a', 1)])
    history.deleted(3)
    history.accepted(4, [replace('a', '22')])
    history.accepted(4, [replace('a', '22')])
    expect(history.replay()).toMatchObject({ exists: true, syncCount: 4, liveRecords: 1, bytes: 3 })
    const listing = listingOf({
      Records: [{ Key: 'a', Value: '22', SyncCount: 4, LastModifiedBy: 'me' }],
      DatasetSyncCount: 4,
      DatasetExists: true,
    })
    expect(differences(history.replay(), listing)).toEqual([])
  })

  test('a count that is missing', () => {
    const history = new DatasetHistory()
    history.accepted(1, [])
    history.accepted(3, [])
    expect(() => history.replay()).toThrow('count 2 of 3 was never answered')
  })

  test('a count that was used twice', () => {
    const history = new DatasetHistory()
    history.accepted(1, [replace('a', '1')])
    expect(() => history.accepted(1, [replace('a', '2')])).toThrow('two different changes')
  })

  test('a write over one that it had not seen', () => {
    const history = new DatasetHistory()
    history.accepted(1, [replace('a', '1')])
    history.accepted(2, [replace('a', '2')])
    expect(() => history.replay()).toThrow('record a was at 1 when the update at count 2 took it for 0')
  })

  test('a limit that was passed and kept again', () => {
    const history = new DatasetHistory()
    history.accepted(1, [replace('a', '1'), replace('b', '1')])
    history.accepted(2, [remove('a', 1)])
    expect(() => history.replay({ records: 1, bytes: 100 })).toThrow('2 live records at count 1')
    expect(() => history.replay({ records: 9, bytes: 3 })).toThrow('4 bytes at count 1')
  })

  test('records that are lost, others’, or not what was answered', () => {
    const history = new DatasetHistory()
    history.accepted(1, [replace('a', '1'), replace('b', '1')])
    const listing = listingOf({
      Records: [
        { Key: 'b', Value: '2', SyncCount: 1, LastModifiedBy: 'me' },
        { Key: 'c', Value: '2', SyncCount: 1, LastModifiedBy: 'me' },
      ],
      DatasetSyncCount: 2,
      DatasetExists: true,
    })
    expect(differences(history.replay(), listing)).toEqual([
      'count: 2, not 1',
      'record a at count 1 is lost',
      'record b is {"value":"2","count":1}, not {"value":"1","count":1}',
      'record c was written by nobody',
    ])
  })
})
