import { servedGuest, type ServedGuest } from './served-guest.js'
import { replace } from './wire-client.js'

/** Longest that an answer to anything hostile may take. */
export const ANSWER_MS_MAX = 5_000

/** A server that is about to be ill-treated, and how to see that it took no harm. */
export type UnharmedServer = Readonly<{
  on: ServedGuest
  /** The server lives, answers an ordinary request, and holds what it held before. */
  expectUnharmed: () => Promise<void>
  /** Of all that was asked of it, at least so many times, nothing met a defect. */
  expectCleanLog: (linesMin: number) => Promise<void>
}>

/** One server for all tests of a file, with a guest who holds one record in "settings". */
export function unharmedServer(): UnharmedServer {
  const on = servedGuest()
  beforeAll(() => on.me.device.write('settings', replace('kept', 'as it is')))
  return {
    on,
    async expectUnharmed() {
      const { me, admin } = on
      const { Records, DatasetSyncCount } = await me.device.list('settings')
      expect(Records).toMatchObject([{ Key: 'kept', Value: 'as it is', SyncCount: 1 }])
      expect(DatasetSyncCount).toBe(1)
      expect(await me.device.usage()).toMatchObject({ DatasetCount: 1, DataStorage: 4 + 8 })
      const pools = await admin.identity.listIdentityPools({ MaxResults: 60 })
      expect(pools.IdentityPools).toHaveLength(1)
    },
    async expectCleanLog(linesMin) {
      const levels = (await on.server.log()).map(({ level }) => level)
      expect(levels.length).toBeGreaterThan(linesMin)
      expect(levels.filter((level) => level === 'error' || level === 'fatal')).toEqual([])
    },
  }
}
