import { DatasetHistory } from '../dataset-history.js'
import type { Credentials } from '../sign-request.js'
import type { RunningServer } from '../start-server.js'
import { deviceAt, errorOf, type Patch } from '../wire-client.js'

/** An update whose answer never came. */
export type Unanswered = Readonly<{ who: Who; dataset: string; token: string; patches: readonly Patch[] }>

/** Somebody who outlives servers; credentials and ids do, addresses do not. */
export type Who = Readonly<{ pool: string; identity: string; credentials: Credentials }>

/** Everything the clients know, over all lives of the server. */
export class Clients {
  readonly histories = new Map<string, { who: Who; dataset: string; history: DatasetHistory }>()
  readonly unanswered: Unanswered[] = []
  /** The last answered update of each dataset, to be sent once more. */
  readonly answered = new Map<string, Unanswered & { count: number }>()
  readonly unansweredDeletions: { who: Who; dataset: string }[] = []
  readonly guests: string[] = []
  /** Of guests that were verified and forgotten. */
  bytesForgotten = 0
  readonly seen = {
    updates: 0,
    deletions: 0,
    conflicts: 0,
    overLimit: 0,
    guests: 0,
    lost: 0,
    lostButDone: 0,
    lostAndNotDone: 0,
  }

  historyOf(who: Who, dataset: string): DatasetHistory {
    const key = `${who.identity} ${dataset}`
    const held = this.histories.get(key)
    if (held !== undefined) return held.history
    const history = new DatasetHistory()
    this.histories.set(key, { who, dataset, history })
    return history
  }

  accepted(update: Unanswered, records: readonly { SyncCount: number }[]): number {
    const counts = new Set(records.map(({ SyncCount }) => SyncCount))
    if (counts.size !== 1) throw new Error(`one update was answered with the counts ${[...counts].join()}`)
    const [count] = counts as Set<number> & Iterable<number>
    this.historyOf(update.who, update.dataset).accepted(count!, update.patches)
    this.answered.set(`${update.who.identity} ${update.dataset}`, { ...update, count: count! })
    return count!
  }
}

export type Outcome = 'accepted' | 'conflict' | 'over-limit' | 'lost'

/** Sends an update and takes down what became of it; lost when the server is gone. */
export async function send(server: RunningServer, clients: Clients, update: Unanswered): Promise<Outcome> {
  const { who, dataset, token, patches } = update
  const answer = await deviceAt(server, who)
    .updateRaw(dataset, token, patches)
    .catch(() => null)
  if (answer === null) {
    clients.unanswered.push(update)
    clients.seen.lost++
    return 'lost'
  }
  if (answer.status === 200) {
    clients.accepted(update, (answer.json() as { Records: { SyncCount: number }[] }).Records)
    clients.seen.updates++
    return 'accepted'
  }
  const { type } = errorOf(answer)
  switch (type) {
    case 'ResourceConflictException':
      clients.seen.conflicts++
      return 'conflict'
    case 'LimitExceededException':
      clients.seen.overLimit++
      return 'over-limit'
    default:
      throw new Error(`an update was refused with ${answer.status}: ${answer.text}`)
  }
}

export const liveDatasetsOf = (clients: Clients, who: Who): number =>
  [...clients.histories.values()].filter((held) => held.who.identity === who.identity && held.history.replay().exists)
    .length
