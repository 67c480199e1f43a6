import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/** One row: the epoch from which datasets that are made from now on go up; it rises when a backup was put back. */
export class EpochBase1750000000004 implements Migration {
  readonly name = 'EpochBase1750000000004'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE history (
      one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
      epoch_base INTEGER NOT NULL
    )`)
    await runner.query('INSERT INTO history VALUES (1, 0)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE history')
  }
}
