import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/** From when a signing key signs, under which master key it is closed, and since when; null as older versions leave them. */
export class SigningKeyTimes1750000000006 implements Migration {
  readonly name = 'SigningKeyTimes1750000000006'

  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE signing_key ADD COLUMN ${column}`)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE signing_key DROP COLUMN ${column.split(' ')[0]}`)
  }
}

const COLUMNS = ['signs_from INTEGER', 'closed_under TEXT', 'closed_at INTEGER']
