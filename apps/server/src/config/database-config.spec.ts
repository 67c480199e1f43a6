import { readConfig } from './config.js'
import { faultsOf } from './testing/faults-of.js'
import { A_DATABASE } from './testing/valid-settings.js'

test('[X10] a database of its own is taken with the master key alone, and with its settings', () => {
  const faults = faultsOf({ SATCHEL_DATABASE_URL: 'postgres://db/satchel' })
  expect(faults).toEqual([expect.stringContaining('SATCHEL_MASTER_KEY')])
  const given = { ...A_DATABASE, SATCHEL_DATABASE_URL: 'postgresql://u:p%40ss@db:5433/satchel' }
  const plain = { databaseUrl: given.SATCHEL_DATABASE_URL, databasePool: 10, databasePartitions: null, drainSeconds: 2 }
  expect(readConfig(given)).toMatchObject(plain)
  const settings = { ...given, SATCHEL_DATABASE_POOL: '20', SATCHEL_DATABASE_PARTITIONS: '0' }
  expect(readConfig(settings)).toMatchObject({ databasePool: 20, databasePartitions: 0 })
  expect(faultsOf({ SATCHEL_DATABASE_PARTITIONS: '16' })).toEqual([expect.stringContaining('SQLite has no partitions')])
})

test('[PL8] a replica is one of a database, and its URL is checked like that, and not shown either', () => {
  const replica = 'postgres://u:hunter2@replica/satchel'
  expect(readConfig(A_DATABASE)).toMatchObject({ databaseReplicaUrl: null })
  expect(readConfig({ ...A_DATABASE, SATCHEL_DATABASE_REPLICA_URL: replica })).toMatchObject({
    databaseReplicaUrl: replica,
  })
  const faults = faultsOf({ SATCHEL_DATABASE_REPLICA_URL: replica })
  expect(faults).toEqual([expect.stringContaining('without SATCHEL_DATABASE_URL, whose replica it is')])
  expect(faultsOf({ ...A_DATABASE, SATCHEL_DATABASE_REPLICA_URL: 'mysql://u:hunter2@r/s' }).join()).not.toContain(
    'hunter2',
  )
})

test.each([
  ['mysql://satchel:hunter2@db/satchel', 'does not begin with postgres://'],
  ['postgres://satchel:hunter2/@db:x/satchel', 'is not a URL'],
  ['postgres://satchel:hunter2@db', 'names no database'],
  ['postgres://satchel:hunter2%zz@db/satchel', 'has a % that begins no escape'],
])('[X10] a database URL that cannot be right is refused, and not shown', (url, wrong) => {
  const [fault] = faultsOf({ ...A_DATABASE, SATCHEL_DATABASE_URL: url })
  expect(fault).toContain(wrong)
  expect(fault).not.toContain('hunter2')
})
