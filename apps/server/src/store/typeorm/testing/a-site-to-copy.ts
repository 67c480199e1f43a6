import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../../runtime/clock.js'
import { SystemRandom } from '../../../runtime/random.js'
import { copyIntoPostgres, type RowProgress } from '../postgres/copy-into-postgres.js'

/** A directory for every test, removed after it, whose database file is copied. */
export function aSiteToCopy() {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'satchel-copy-'))))
  afterEach(() => rmSync(directory, { recursive: true }))

  const file = () => join(directory, 'satchel.db')
  return {
    directory: () => directory,
    file,
    copy: (url: string, progress?: RowProgress, partitions: number | null = null) =>
      copyIntoPostgres(
        file(),
        { url, connections: 6, partitions, clock: new SystemClock(), random: new SystemRandom() },
        progress,
      ),
  }
}
