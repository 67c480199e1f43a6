import type { DeviceId } from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import type { Replica } from '../replica/replica.js'
import type { Random } from '../runtime/random.js'

/** Whether what is stored now was written anew from a store that was lost, rather than begun by a tab that knew nothing of it. */
export const isContinued = (lost: Replica, stored: Replica): boolean =>
  lost.device === null || stored.device === lost.device || stored.adoption(lost.device) !== null

/**
 * What somebody wrote behind a place of another store and the server has not taken yet, to be added to the one that was lost, and
 * that the two are one from here on. What either has sent is sent anew, under numbers of a device that nobody else has.
 */
export const foundBeside = (lost: Replica, stored: Replica, after: number, random: Random): readonly Entry[] => [
  { kind: 'adopt', store: lost.device!, through: lost.place, datasets: [] },
  { kind: 'device', device: random.uuid() as DeviceId },
  ...stored.datasets().map((dataset): Entry => {
    const written = stored.pending(dataset).filter(({ place }) => place > after)
    return { kind: 'edit', dataset, edits: written.map(({ key, value, base, at }) => ({ key, value, base, at })) }
  }),
]
