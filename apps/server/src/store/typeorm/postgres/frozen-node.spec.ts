import 'reflect-metadata'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { Refusal } from '../../../refusal.js'
import { postgresHarness, postgresHarnessOn } from '../../testing/postgres-harness.js'
import { prepared } from './prepared.js'

const IDENTITY = 'us-east-1:frozen' as IdentityId
/** It is a few seconds; the machine may be slow. */
const WAIT_MS_MAX = 15_000

const LOCK = prepared('SELECT 1 FROM identity WHERE identity_id = $1 FOR NO KEY UPDATE')

describeWithPostgres('a node that stops in the middle of a commit', (postgres) => {
  test('[NO5] loses its locks after a few seconds, and what it had begun with them', async () => {
    const frozen = await postgresHarness(postgres())
    const other = await postgresHarnessOn(frozen.url)
    await frozen.addPool(POOL)
    await frozen.addIdentity(IDENTITY, POOL)
    let goOn = (): void => {}
    const held = new Promise<void>((resolve) => (goOn = resolve))
    let locked = (): void => {}
    const hasLock = new Promise<void>((resolve) => (locked = resolve))
    const begun = frozen.database.commit(async (transaction) => {
      await transaction.query(LOCK, [IDENTITY])
      locked()
      await held
      return transaction.query(LOCK, [IDENTITY])
    })
    const ended = begun.catch((fault: unknown) => fault)
    await hasLock
    const origin = { id: 's1', number: 0, hash: 'h' }
    const where = path('notes', IDENTITY)
    const batch = [replace('key', 'value')]
    const beganMs = performance.now()
    const [outcome] = await other.store.commit(
      [{ kind: 'update', path: where, batch, origin, device: null, at: 1, by: 'me' }],
      AWS_LIMITS,
    )
    const waitedMs = performance.now() - beganMs
    console.info(`the other node waited for ${Math.round(waitedMs)} ms`)
    expect(outcome).toMatchObject({ kind: 'accepted' })
    expect(waitedMs).toBeLessThan(WAIT_MS_MAX)
    // It wakes: nothing of what it had begun is done, and its caller is told to come again.
    goOn()
    const fault = await ended
    expect(fault).toBeInstanceOf(Refusal)
    expect(fault).toMatchObject({ code: 'ServiceUnavailable' })
    expect(await frozen.store.read(where)).toMatchObject({ syncCount: 1 })
    await Promise.all([frozen.close(), other.close()])
  })
})
