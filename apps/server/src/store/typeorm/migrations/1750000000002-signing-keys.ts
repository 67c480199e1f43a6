import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/** The keys that sign OpenID tokens; the private half is encrypted under the master key. */
export class SigningKeys1750000000002 implements Migration {
  readonly name = 'SigningKeys1750000000002'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE signing_key (
         kid TEXT NOT NULL PRIMARY KEY,
         public_jwk TEXT NOT NULL,
         closed_private_key TEXT NOT NULL,
         created_at INTEGER NOT NULL
       ) WITHOUT ROWID`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE signing_key')
  }
}
