import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/**
 * Batch markers of devices beside those of sync sessions: one per device and dataset, whose id begins with `~`. The
 * index holds only them, so that a sync session's marker costs what it did.
 */
export class DeviceMarkers1750000000003 implements Migration {
  readonly name = 'DeviceMarkers1750000000003'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE batch_marker ADD COLUMN batch_number INTEGER NOT NULL DEFAULT 0')
    await runner.query(`CREATE INDEX device_marker_by_age ON batch_marker (accepted_at) WHERE marker_id >= '~'`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX device_marker_by_age')
    await runner.query(`DELETE FROM batch_marker WHERE marker_id >= '~'`)
    await runner.query('ALTER TABLE batch_marker DROP COLUMN batch_number')
  }
}
