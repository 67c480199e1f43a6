import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { postgresMigrations } from './migrations/migrations.js'
import { prepared } from './prepared.js'

describeWithPostgres('a PostgreSQL database', (postgres) => {
  test('[X3] several nodes may bring the tables up to date at once', async () => {
    const url = await postgres().createDatabase()
    const opened = await Promise.all([1, 2, 3, 4].map(() => openDatabase(url)))
    expect(await opened[0]!.query(prepared('SELECT count(*) AS count FROM migration'))).toEqual([
      { count: postgresMigrations(0).length },
    ])
    await Promise.all(opened.map((database) => database.close()))
  })

  test('[X3] a database of a newer version is refused by name', async () => {
    const url = await freshDatabase(postgres())
    const name = new URL(url).pathname.slice(1)
    await postgres().ask(
      `INSERT INTO migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
      name,
    )
    await expect(openDatabase(url)).rejects.toThrow(/newer version of Satchel.*FromTheFuture9999999999999/)
  })

  test('[X3] where the tables may not be made, that and the database are named', async () => {
    const url = await postgres().createDatabase()
    await postgres().ask('CREATE ROLE without_rights LOGIN')
    const { host, pathname } = new URL(url)
    await postgres().ask('REVOKE CREATE ON SCHEMA public FROM PUBLIC', pathname.slice(1))
    await expect(openDatabase(url.replace(/\/\/[^@]*@/, '//without_rights:a-password@'))).rejects.toThrow(
      `the tables of the database ${host}${pathname} cannot be brought up to date: permission denied for schema public`,
    )
  })

  test('[X4] large tables are divided by identity where that was asked for, and stay as they were made', async () => {
    const url = await freshDatabase(postgres(), 4)
    const database = await openDatabase(url)
    const divided = await database.query(
      prepared(
        "SELECT inhparent::regclass::text AS name, count(*) AS parts FROM pg_inherits WHERE inhrelid::regclass::text !~ '_(pkey|idx|hour|id)$' GROUP BY 1 ORDER BY 1",
      ),
    )
    await database.close()
    expect(divided).toEqual(
      expect.arrayContaining(['batch_marker', 'dataset', 'identity', 'record'].map((name) => ({ name, parts: 4 }))),
    )
    await (await openDatabase(url, { partitions: 4 })).close()
    await expect(openDatabase(url, { partitions: 8 })).rejects.toThrow(
      'SATCHEL_DATABASE_PARTITIONS is 8, and the tables of this database were made with 4',
    )
  })
})
