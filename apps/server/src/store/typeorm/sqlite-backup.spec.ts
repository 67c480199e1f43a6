import 'reflect-metadata'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { AWS_LIMITS } from '@satchel/protocol'
import Database from 'better-sqlite3'
import { path, replace } from '../../domain/testing/a-dataset.js'
import { StreamHarness } from '../testing/stream-harness.js'
import { openSqliteStores } from './open-sqlite-stores.js'
import { backUpSqlite } from './sqlite-backup.js'
import { restoreSqlite } from './sqlite-restore.js'

/** Of a restore. */
const AT = 1_700_000_000_000

let directory: string
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'satchel-backup-'))))
afterEach(() => rmSync(directory, { recursive: true }))

const file = () => join(directory, 'satchel.db')
const backup = () => join(directory, 'backups', 'monday.db')
const served = async () => {
  mkdirSync(join(directory, 'backups'), { recursive: true })
  return StreamHarness.over(await openSqliteStores(file()))
}
const recordsIn = (database: string): number => {
  const reader = new Database(database) // one that only reads would leave the files of a log behind
  const found = reader.prepare('SELECT count(*) FROM record').pluck().get() as number
  reader.close()
  return found
}
/** Brings into the file what may still be in its log. */
function foldLog(database: string): void {
  const writer = new Database(database)
  writer.pragma('wal_checkpoint(TRUNCATE)')
  writer.close()
}
/** A server with one record that was backed up, and has gone. */
const backedUp = async () => {
  const server = await served()
  await server.commit([server.update([replace('a', 'before')])])
  await backUpSqlite(file(), backup())
  await server.commit([server.update([replace('a', 'after', 1), replace('b', 'after')])])
  await server.close()
}
const restore = (over: Partial<Parameters<typeof restoreSqlite>[0]> = {}) =>
  restoreSqlite({ backup: backup(), file: file(), at: AT, replace: false, ...over })

describe('a backup of the embedded database', () => {
  test('[X20] it holds one moment, whatever is written while it is made', async () => {
    const server = await served()
    const value = 'x'.repeat(1_000_000)
    for (let n = 0; n < 19; n++) await server.commit([server.update([replace('a', value)], path(`d${n}`))])
    const meanwhile: Promise<unknown>[] = []
    const { rows } = await backUpSqlite(file(), backup(), () => {
      meanwhile.push(server.commit([server.update([replace(`${meanwhile.length}`, 'x')], path('late'))]))
    })
    await Promise.all(meanwhile)
    expect(meanwhile.length).toBeGreaterThan(2)
    expect(rows.get('record')).toBe(19)
    expect([recordsIn(backup()), recordsIn(file())]).toEqual([19, 19 + meanwhile.length])
    await server.close()
  })

  test('[X21] it removes what backups that were killed left in the folder, and nothing that somebody may be writing', async () => {
    const server = await served()
    const folder = join(directory, 'backups')
    const leave = (name: string) => {
      writeFileSync(join(folder, name), 'half')
      return name
    }
    const machine = `satchel-${hostname().replace(/[^\w-]/g, '-')}`
    const gone = spawnSync(process.execPath, ['-e', '']).pid
    leave(`sunday.db.${machine}.${gone}.part`)
    leave(`sunday.db.${machine}.${gone}.part-journal`)
    // As in a container, whose processes have the same numbers each time.
    leave(`sunday.db.${machine}.${process.pid}.part`)
    const kept = [
      leave(`tuesday.db.${machine}.${process.ppid}.part`),
      leave(`tuesday.db.satchel-elsewhere.${gone}.part`),
      leave('film.1.part'),
    ]
    let meanwhile: string[] = []
    await backUpSqlite(file(), backup(), () => (meanwhile = readdirSync(folder)))
    expect(meanwhile).toEqual(expect.arrayContaining([...kept, `monday.db.${machine}.${process.pid}.part`]))
    expect(readdirSync(folder).sort()).toEqual([...kept, 'monday.db'].sort())
    await server.close()
  })

  test('[X20] progress goes up to all of it', async () => {
    const server = await served()
    await server.commit([server.update([replace('a', 'x'.repeat(1_000_000))])])
    const told: { done: number; of: number }[] = []
    const { bytes } = await backUpSqlite(file(), backup(), (at) => told.push(at))
    expect(told.at(-1)).toEqual({ done: bytes, of: bytes })
    expect(bytes).toBe(statSync(backup()).size)
    await server.close()
  })

  test('[X21] it is one file alone, and overwrites none', async () => {
    await backedUp()
    expect(readdirSync(join(directory, 'backups'))).toEqual(['monday.db'])
    await expect(backUpSqlite(file(), backup())).rejects.toThrow(`${backup()} is there already`)
    const elsewhere = join(directory, 'nowhere', 'monday.db')
    await expect(backUpSqlite(file(), elsewhere)).rejects.toThrow(`there is no directory ${join(directory, 'nowhere')}`)
    await expect(backUpSqlite(join(directory, 'no.db'), backup())).rejects.toThrow('there is no database')
  })

  test('[X21] what is not whole gets no name', async () => {
    const server = await served()
    await server.commit([server.update([replace('a', 'x'.repeat(90_000))])])
    await server.close()
    foldLog(file())
    writeFileSync(file(), Buffer.alloc(4_096, 7), { flag: 'r+' })
    // Not toThrow: the driver's errors may be of another realm than this file's.
    await expect(backUpSqlite(file(), backup())).rejects.toMatchObject({ code: 'SQLITE_NOTADB' })
    expect(readdirSync(join(directory, 'backups'))).toEqual([])
  })
})

describe('restoring a backup', () => {
  test('[X24] everything is as it was, in a new epoch, for deleted datasets and those to come too', async () => {
    const server = await served()
    await server.commit([
      server.update([replace('a', 'before')]),
      server.update([replace('a', '1')], path('gone')),
      { kind: 'delete', path: path('gone'), at: 1, by: 'me' },
    ])
    await backUpSqlite(file(), backup())
    await server.close()
    rmSync(file())
    expect(await restore()).toMatchObject({ datasets: 2, figures: { records: 1, datasets: 1 }, setAside: null })
    const { datasets, close } = await openSqliteStores(file())
    expect(await datasets.read(path())).toMatchObject({ exists: true, epoch: AT, syncCount: 1 })
    expect(await datasets.read(path('gone'))).toMatchObject({ exists: false, epoch: AT })
    const again = { id: 's9', number: 0, hash: 'h' }
    const recreated = { kind: 'update' as const, path: path('new'), batch: [replace('a', '1')], origin: again }
    const [outcome] = await datasets.commit([{ ...recreated, device: null, at: AT, by: 'me' }], AWS_LIMITS)
    expect(outcome).toMatchObject({ dataset: { epoch: AT + 1 } })
    await close()
    expect(readdirSync(directory).sort()).toEqual(['backups', 'satchel.db', 'satchel.lock'])
  })

  test('[X23] a database that is there is only replaced when that is asked for, and then kept, what its log held included', async () => {
    await backedUp()
    await expect(restore()).rejects.toThrow(`${directory} holds a database already; --replace sets it aside`)
    expect(recordsIn(file())).toBe(2)
    const { setAside } = await restore({ replace: true })
    expect(setAside).toBe(`${file()}.replaced-2023-11-14T22-13-20.000Z`)
    expect([recordsIn(setAside!), recordsIn(file())]).toEqual([2, 1])
    expect(existsSync(`${setAside!}-wal`)).toBe(false)
  })

  test('[X23] even one that is damaged is kept', async () => {
    await backedUp()
    writeFileSync(file(), 'nonsense')
    const { setAside } = await restore({ replace: true })
    expect(statSync(setAside!).size).toBe('nonsense'.length)
    expect(recordsIn(file())).toBe(1)
  })

  test('[X23] a directory in which a server runs is refused', async () => {
    await backedUp()
    const stores = await openSqliteStores(file())
    await expect(restore({ replace: true })).rejects.toThrow(`${directory} is in use by another Satchel process`)
    await stores.close()
    expect(recordsIn(file())).toBe(2)
  })

  test.each([
    ['is cut short', () => truncateSync(backup(), 40_960), /is damaged|cannot be read/],
    ['is no database', () => writeFileSync(backup(), 'nonsense'.repeat(1_000)), 'cannot be read'],
    ['is not there', () => rmSync(backup()), 'there is no file'],
    ['is none of Satchel', () => alter('DROP TABLE migration'), "is not one of Satchel's"],
    [
      'is newer than this version',
      () => alter(`INSERT INTO migration (timestamp, name) VALUES (9, 'FromTheFuture9')`),
      /newer version of Satchel.*FromTheFuture9/,
    ],
  ])('[X23] a backup that %s leaves everything as it was', async (_, spoil, sentence) => {
    await backedUp()
    spoil()
    await expect(restore({ replace: true })).rejects.toThrow(sentence)
    expect(recordsIn(file())).toBe(2)
    expect(readdirSync(directory).sort()).toEqual(['backups', 'satchel.db', 'satchel.lock'])
  })

  test('[X24] what an interrupted restore has left is in nobody’s way', async () => {
    await backedUp()
    mkdirSync(join(directory, 'restoring'))
    writeFileSync(join(directory, 'restoring', 'satchel.db'), 'half')
    await restore({ replace: true })
    expect(recordsIn(file())).toBe(1)
    expect(existsSync(join(directory, 'restoring'))).toBe(false)
  })
})

function alter(statement: string): void {
  const raw = new Database(backup())
  raw.exec(statement)
  raw.close()
}
