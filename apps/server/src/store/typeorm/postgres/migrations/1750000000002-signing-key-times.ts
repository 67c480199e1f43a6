import type { MigrationInterface, QueryRunner } from 'typeorm'

/** As `1750000000006-signing-key-times.ts` of SQLite. Rewrites nothing, and older nodes go on beside it. */
export class SigningKeyTimes1750000000002 implements MigrationInterface {
  readonly name = 'SigningKeyTimes1750000000002'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE signing_key ADD COLUMN signs_from BIGINT, ADD COLUMN closed_under TEXT COLLATE "C", ADD COLUMN closed_at BIGINT',
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE signing_key DROP COLUMN signs_from, DROP COLUMN closed_under, DROP COLUMN closed_at',
    )
  }
}
