import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatasetName } from '@satchel/protocol'
import type { Group } from '../../journal/entry.js'
import { SqlReplica } from '../../replica/sql-replica.js'
import { sql } from '../../replica/testing/sql.js'
import { FileJournal } from './file-journal.js'

/** A file `journal` as version 0.1.0 wrote it, with an entry of every kind. */
const JOURNAL_OF_0_1 = Buffer.from(
  [
    '9fUhAAAAa+EX9nsiZm9ybWF0IjoxLCJ0ZXJtIjowLCJ0aHJvdWdoIjowffX11QAAAC10a4hbMSxbeyJraW5kIjoiZGV2aWNlIiwiZGV2aWNlIjoicGhvbmUtMSJ9LHsia2',
    'luZCI6ImdyZWV0ZWQiLCJpZGVudGl0eSI6InVzLWVhc3QtMTppIiwibGltaXRzIjp7InJlY29yZHNQZXJEYXRhc2V0TWF4IjoxMDI0LCJieXRlc1BlckRhdGFzZXRNYXgi',
    'OjEwNDg1NzYsImRhdGFzZXRzUGVySWRlbnRpdHlNYXgiOjIwLCJieXRlc1BlcklkZW50aXR5TWF4IjoyMDk3MTUyMH19XV319TwBAADvKllwWzIsW3sia2luZCI6Im9wZW',
    '4iLCJkYXRhc2V0IjoicHJlZnMifSx7ImtpbmQiOiJlZGl0IiwiZGF0YXNldCI6InByZWZzIiwiZWRpdHMiOlt7ImtleSI6InRoZW1lIiwidmFsdWUiOiJkYXJrIOKYgiIs',
    'ImJhc2UiOjAsImF0IjoxNzkwMDAwMDAwMDAwfSx7ImtleSI6ImZvbnQiLCJ2YWx1ZSI6Im1vbm8iLCJiYXNlIjowLCJhdCI6MTc5MDAwMDAwMDAwMX0seyJrZXkiOiJzaX',
    'plIiwidmFsdWUiOiIxMiIsImJhc2UiOjAsImF0IjoxNzkwMDAwMDAwMDAyfSx7ImtleSI6ImdvbmUiLCJ2YWx1ZSI6bnVsbCwiYmFzZSI6MCwiYXQiOjE3OTAwMDAwMDAw',
    'MDN9XX1dXfX1SwAAAMZxUPhbMyxbeyJraW5kIjoiYmF0Y2giLCJkYXRhc2V0IjoicHJlZnMiLCJudW1iZXIiOjEsImtleXMiOlsidGhlbWUiLCJmb250Il19XV319Z4AAA',
    'DTknaZWzQsW3sia2luZCI6ImFuc3dlciIsImRhdGFzZXQiOiJwcmVmcyIsImJhdGNoIjp7Im51bWJlciI6MSwib3V0Y29tZSI6eyJvdXRjb21lIjoiYWNjZXB0ZWQiLCJz',
    'eW5jQ291bnQiOjEsImF0IjoxNzkwMDAwMDAwMTAwLCJieSI6InBob25lLTEifX0sImNoYW5nZXMiOm51bGx9XV319QEBAADN5qUYWzUsW3sia2luZCI6ImFuc3dlciIsIm',
    'RhdGFzZXQiOiJwcmVmcyIsImJhdGNoIjpudWxsLCJjaGFuZ2VzIjp7ImVwb2NoIjoxLCJleGlzdHMiOnRydWUsInNuYXBzaG90IjpmYWxzZSwidGhyb3VnaCI6MiwicmVj',
    'b3JkcyI6W3sia2V5Ijoic2l6ZSIsInZhbHVlIjoiMTQiLCJzeW5jQ291bnQiOjIsIm1vZGlmaWVkQXQiOjE3OTAwMDAwMDAyMDAsIm1vZGlmaWVkQnkiOiJvdGhlciIsIm',
    'RldmljZU1vZGlmaWVkQXQiOm51bGx9XSwibmV4dCI6bnVsbH19XV319X4AAADcVpuWWzYsW3sia2luZCI6InNldHRsZSIsImRhdGFzZXQiOiJwcmVmcyIsImtleSI6InNp',
    'emUiLCJvdmVyIjoyLCJlZGl0Ijp7ImtleSI6InNpemUiLCJ2YWx1ZSI6IjEzIiwiYmFzZSI6MiwiYXQiOjE3OTAwMDAwMDAzMDB9fV1d9fVfAAAA6VsTrVs3LFt7Imtpbm',
    'QiOiJwYXJrIiwiZGF0YXNldCI6InByZWZzIiwia2V5cyI6WyJnb25lIl0sImNvZGUiOiJMaW1pdEV4Y2VlZGVkIiwibWVzc2FnZSI6ImZ1bGwifV1d9fWXAAAAI62cBVs4',
    'LFt7ImtpbmQiOiJhZG9wdCIsInN0b3JlIjoiZ3Vlc3Qtc3RvcmUiLCJ0aHJvdWdoIjo0LCJkYXRhc2V0cyI6W3siZGF0YXNldCI6Im5vdGVzIiwiZWRpdHMiOlt7ImtleS',
    'I6Im4iLCJ2YWx1ZSI6IjEiLCJiYXNlIjowLCJhdCI6MTc5MDAwMDAwMDQwMH1dfV19XV319QoAAADImdC8eyJ0ZXJtIjoxfQ==',
  ].join(''),
  'base64',
)

/** What version 0.1.0 meant by it. */
const GROUPS = [
  [
    { kind: 'device', device: 'phone-1' },
    {
      kind: 'greeted',
      identity: 'us-east-1:i',
      limits: {
        recordsPerDatasetMax: 1024,
        bytesPerDatasetMax: 1048576,
        datasetsPerIdentityMax: 20,
        bytesPerIdentityMax: 20971520,
      },
    },
  ],
  [
    { kind: 'open', dataset: 'prefs' },
    {
      kind: 'edit',
      dataset: 'prefs',
      edits: [
        { key: 'theme', value: 'dark ☂', base: 0, at: 1790000000000 },
        { key: 'font', value: 'mono', base: 0, at: 1790000000001 },
        { key: 'size', value: '12', base: 0, at: 1790000000002 },
        { key: 'gone', value: null, base: 0, at: 1790000000003 },
      ],
    },
  ],
  [{ kind: 'batch', dataset: 'prefs', number: 1, keys: ['theme', 'font'] }],
  [
    {
      kind: 'answer',
      dataset: 'prefs',
      batch: { number: 1, outcome: { outcome: 'accepted', syncCount: 1, at: 1790000000100, by: 'phone-1' } },
      changes: null,
    },
  ],
  [
    {
      kind: 'answer',
      dataset: 'prefs',
      batch: null,
      changes: {
        epoch: 1,
        exists: true,
        snapshot: false,
        through: 2,
        records: [
          {
            key: 'size',
            value: '14',
            syncCount: 2,
            modifiedAt: 1790000000200,
            modifiedBy: 'other',
            deviceModifiedAt: null,
          },
        ],
        next: null,
      },
    },
  ],
  [
    {
      kind: 'settle',
      dataset: 'prefs',
      key: 'size',
      over: 2,
      edit: { key: 'size', value: '13', base: 2, at: 1790000000300 },
    },
  ],
  [{ kind: 'park', dataset: 'prefs', keys: ['gone'], code: 'LimitExceeded', message: 'full' }],
  [
    {
      kind: 'adopt',
      store: 'guest-store',
      through: 4,
      datasets: [{ dataset: 'notes', edits: [{ key: 'n', value: '1', base: 0, at: 1790000000400 }] }],
    },
  ],
] as unknown as readonly Group[]

describe('a journal of version 0.1.0', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'satchel-golden-'))
    await writeFile(join(directory, 'journal'), JOURNAL_OF_0_1)
  })
  afterEach(() => rm(directory, { recursive: true }))

  test('[MV7] it is read by every version after it, entry for entry, and gone on with', async () => {
    const journal = new FileJournal(directory)
    const { groups, damage } = await journal.recover()
    expect(damage).toBeNull()
    expect(groups.map(({ group }) => group)).toEqual(GROUPS)
    expect(await journal.takeTerm()).toBe(2)
    await journal.append([], null)
    await journal.close()
  })

  test('[MV7] its entries still mean what they meant', () => {
    const replica = SqlReplica.empty(sql)
    for (const group of GROUPS) replica.apply(replica.place + 1, group)
    const read = (name: string) => Object.fromEntries(replica.reader(name as DatasetName).entries())
    expect(read('prefs')).toEqual({ theme: 'dark ☂', font: 'mono', size: '13' })
    expect(read('notes')).toEqual({ n: '1' })
    const sendable = replica.sendable('prefs' as DatasetName)
    expect(sendable.map(({ key, base, value }) => [key, base, value])).toEqual([['size', 2, '13']])
  })
})
