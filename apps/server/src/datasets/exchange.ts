import type {
  BatchOutcome,
  Changed,
  Changes,
  DatasetAnswer,
  DatasetExchange,
  DatasetName,
  DatasetPath,
  DeviceId,
  SyncAnswer,
  SyncCount,
  SyncRequest,
  WatchRequest,
} from '@satchel/protocol'
import type { Seal } from '../access/seal.js'
import { deviceMarkerId } from '../domain/batch-marker.js'
import { catchUpOf } from '../domain/catch-up.js'
import type { Dataset } from '../domain/dataset.js'
import type { WriteOutcome } from '../domain/dataset-write.js'
import { forbiddenIdentity } from '../identity/refusals.js'
import type { Clock } from '../runtime/clock.js'
import type { DatasetStore } from '../store/dataset-store.js'
import { ANSWER_BOUNDS, AnswerRoom, type AnswerBounds } from './answer-room.js'
import { ChangeReader, changesOfOwn } from './change-reader.js'
import type { IdentityPath } from './datasets.js'
import { limitMessage } from './limit-message.js'
import { hashOfBatch } from './sync-session.js'
import type { WriteQueue } from './write-queue.js'

/** What became of a batch. */
type Push = Readonly<{
  outcome: BatchOutcome
  /** The count it took, now or when it was sent first. */
  took: SyncCount | null
  /** What follows for the device from that alone; null where the store has to be read. */
  changes: Changes | null
}>

/** Pull and push of the native face: what a device changed goes in, what it has not seen comes out. */
export class Exchange {
  private readonly reader: ChangeReader
  private readonly bounds: AnswerBounds

  constructor(
    private readonly deps: Readonly<{
      store: Pick<DatasetStore, 'list' | 'readSeveral'>
      writes: Pick<WriteQueue, 'submit'>
      seal: Seal
      clock: Clock
      bounds?: AnswerBounds
    }>,
  ) {
    this.bounds = deps.bounds ?? ANSWER_BOUNDS
    this.reader = new ChangeReader({ ...deps, bounds: this.bounds })
  }

  /**
   * Judges and stores every batch of the message, all in one transaction where the queue's bounds allow it, then tells
   * what changed (NA5). Each batch has an outcome of its own, and is durable when the answer says accepted. The answer
   * is bounded in size: datasets that find no room in it are answered without their changes (NA7).
   *
   * Refuses the message with InvalidParameter for a page that cannot be gone on with, before anything is written; with
   * NotAuthorized where the identity may not write; and with TooManyRequests or ServiceUnavailable when a batch cannot be
   * stored now: others of the message then may be, and sending it again is safe.
   */
  async sync(who: IdentityPath, { device, datasets }: SyncRequest): Promise<SyncAnswer> {
    const room = new AnswerRoom(this.bounds)
    const pages = new Map<DatasetName, Changes | null>()
    for (const { dataset, page } of datasets) {
      if (page !== null) pages.set(dataset, await this.reader.goOn({ ...who, dataset }, page, room))
    }
    const pushes = await Promise.all(datasets.map((asked) => this.push(who, device, asked)))
    const unread = datasets.filter(({ page }, index) => page === null && !pushes[index]?.changes)
    const present = await this.present(who, unread)

    const answers: DatasetAnswer[] = []
    for (const [index, asked] of datasets.entries()) {
      const push = pushes[index] ?? null
      const { dataset } = asked
      const held = present.get(dataset)
      const own = push?.took ?? null
      const changes =
        held === undefined
          ? (push?.changes ?? pages.get(dataset) ?? null)
          : await this.reader.since({ ...who, dataset }, { standing: asked, held, own }, room)
      answers.push({ dataset, batch: push?.outcome ?? null, changes })
    }
    return { datasets: answers }
  }

  /** Which of these datasets have moved on from what a watcher knows; it is to ask for what it missed (NA9). */
  async behind(who: IdentityPath, { datasets }: WatchRequest): Promise<readonly Changed[]> {
    const present = await this.present(who, datasets)
    return datasets.flatMap(({ dataset, epoch, since }) => {
      const held = present.get(dataset)!
      if (catchUpOf(held, { epoch, since }).kind === 'none') return []
      return [{ dataset, epoch: held.epoch, base: since, through: held.syncCount, records: null }]
    })
  }

  private async push(
    who: IdentityPath,
    device: DeviceId,
    { dataset, epoch, since, batch }: DatasetExchange,
  ): Promise<Push | null> {
    if (batch === null) return null
    const path: DatasetPath = { ...who, dataset }
    const { number, patches } = batch
    const at = this.deps.clock.now()
    const origin = { id: deviceMarkerId(path, device), number, hash: hashOfBatch(patches, device) }
    const write = { kind: 'update', path, batch: patches, origin, device, at, by: device } as const
    const judged = await this.deps.writes.submit(write)
    const changes = changesOfOwn(judged, { epoch, since })
    const outcome = outcomeOf(judged, { path, at, by: device })
    return { outcome, took: outcome.outcome === 'accepted' ? outcome.syncCount : null, changes }
  }

  private async present(
    { identity }: IdentityPath,
    asked: readonly Readonly<{ dataset: DatasetName }>[],
  ): Promise<ReadonlyMap<DatasetName, Dataset>> {
    if (asked.length === 0) return new Map()
    const names = asked.map(({ dataset }) => dataset)
    const found = await this.deps.store.readSeveral(identity, names)
    return new Map(found.map((dataset) => [dataset.name, dataset]))
  }
}

/** A batch's outcome as devices are told it. */
function outcomeOf(
  judged: WriteOutcome,
  { path, at, by }: Readonly<{ path: DatasetPath; at: number; by: DeviceId }>,
): BatchOutcome {
  switch (judged.kind) {
    case 'accepted':
      return { outcome: 'accepted', syncCount: judged.dataset.syncCount, at, by }
    case 'repeated':
      return { outcome: 'accepted', syncCount: judged.syncCount, at: judged.at, by: judged.by }
    case 'stale':
      return { outcome: 'conflict', key: judged.key, held: judged.held, base: judged.base }
    case 'number-used':
      return { outcome: 'number-used', last: judged.last }
    case 'over-limit':
      return { outcome: 'refused', code: 'LimitExceeded', message: limitMessage(judged.exceeded) }
    case 'no-identity':
      throw forbiddenIdentity(path.identity)
    case 'session-spent':
    case 'deleted':
    case 'missing':
      throw new Error(`a batch for dataset "${path.dataset}" was judged as ${judged.kind}`)
  }
}
