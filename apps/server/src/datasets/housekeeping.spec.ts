import type { IdentityPoolId } from '@satchel/protocol'
import { Keyring } from '../access/keyring.js'
import { Seal } from '../access/seal.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { Housekeeping } from './housekeeping.js'
import { SessionCount } from './session-count.js'
import { SyncSessions } from './sync-session.js'

test('[F18] housekeeping ends also where the store is away, and says what it could not hand over', async () => {
  const { store } = memoryHarness()
  const clock = new HeldClock()
  const away = () => Promise.reject(new Error('away'))
  const opened = new SessionCount({ addSyncSessions: away })
  opened.add('us-east-1:11111111-1111-4111-8111-111111111111' as IdentityPoolId)
  const failed: string[] = []
  const housekeeping = new Housekeeping({
    store,
    outbox: { prune: away },
    forgetSigningKeys: away,
    sessions: new SyncSessions({
      seal: new Seal(new Keyring([Buffer.alloc(32, 7)])),
      clock,
      random: new SeededRandom(1),
    }),
    opened,
    clock,
    tombstoneDays: 180,
    streamRetentionDays: 7,
    turn: { isOurs: away, end: away },
    observer: { removed: () => undefined, failed: (what) => failed.push(what) },
  })
  housekeeping.start()
  await housekeeping.stop()
  expect(failed).toEqual(['count sync sessions', 'end the turn'])
})
