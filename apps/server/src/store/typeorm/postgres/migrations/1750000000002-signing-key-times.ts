import type { QueryRunner } from 'typeorm'
import type { Migration } from '../../release.js'

/** As `1750000000006-signing-key-times.ts` of SQLite. */
export class SigningKeyTimes1750000000002 implements Migration {
  readonly name = 'SigningKeyTimes1750000000002'

  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE signing_key ADD COLUMN ${column}`)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE signing_key DROP COLUMN ${column.split(' ')[0]}`)
  }
}

const COLUMNS = ['signs_from BIGINT', 'closed_under TEXT COLLATE "C"', 'closed_at BIGINT']
