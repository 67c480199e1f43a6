import type { Batch, DatasetPath, DeviceId, IdentityId, RecordKey } from '@satchel/protocol'
import { deviceMarkerId } from '../../domain/batch-marker.js'
import type { DatasetWrite } from '../../domain/dataset-write.js'
import { count, path, remove, replace } from '../../domain/testing/a-dataset.js'
import { datasetKey } from '../../domain/working-set.js'
import type { SeededRandom } from '../../runtime/testing/seeded-random.js'
import type { DatasetStore } from '../dataset-store.js'

const KEYS = ['a', 'B', '__proto__', 'é', 'e\u0301', '😀', '\uffee', 'constructor', ' ', '"\\'] as RecordKey[]
const VALUES = ['', 'v', 'x'.repeat(300), '値', '\u0001\u001f', '{"json":true}', 'NULL', '{"a,b",NULL}', '\\N']
const DEVICES = ['phone', 'tab\nlet'] as DeviceId[]

/** What can become of them, in order. */
export const OUTCOME_KINDS = [
  'accepted',
  'deleted',
  'missing',
  'number-used',
  'over-limit',
  'repeated',
  'session-spent',
  'stale',
] as const

export const DATASETS = ['one', 'two', 'three', 'one.us-east-1:0b']

/** Any key between one and three characters of any plane; never a surrogate alone, never NUL. */
function anyKey(random: SeededRandom): RecordKey {
  const points = Array.from({ length: 1 + random.below(3) }, () => {
    const planes = [
      0x1 + random.below(0x7f),
      0x80 + random.below(0x780),
      0xe000 + random.below(0x1ffe),
      0x10000 + random.below(0x10_0000),
    ]
    return planes[random.below(planes.length)]!
  })
  return String.fromCodePoint(...points) as RecordKey
}

/**
 * Random writes for a few datasets, most of which can be accepted. Sessions and numbers that were used come again now and then, stale counts, deletions and
 * more than limits allow as well.
 */
export class RandomWrites {
  /** Identities of the sync sessions that were spent, each the id of its place. */
  private readonly sessions: IdentityId[] = []
  private view = new Map<string, Map<string, number>>()
  private readonly keys: readonly RecordKey[]

  constructor(
    private readonly random: SeededRandom,
    /** The store whose state the writes are made for. */
    private readonly store: DatasetStore,
    private readonly identities: readonly IdentityId[],
  ) {
    this.keys = [...KEYS, ...KEYS.map(() => anyKey(random))]
  }

  /** Rises by one with each write; their times. */
  get now(): number {
    return this.sessions.length
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)]!
  }

  anyPath(identity = this.pick(this.identities)): DatasetPath {
    return path(this.pick(DATASETS), identity)
  }

  anyKey(): RecordKey {
    return this.pick(this.keys)
  }

  async group(writesMax: number): Promise<readonly DatasetWrite[]> {
    this.view = new Map()
    const writes: DatasetWrite[] = []
    for (let left = 1 + this.random.below(writesMax); left > 0; left--) writes.push(await this.write())
    return writes
  }

  private async write(): Promise<DatasetWrite> {
    const { random } = this
    const old = random.below(10) === 0 && this.sessions.length > 0 ? random.below(this.sessions.length) : null
    const place = old ?? this.sessions.length
    const where = this.anyPath(this.sessions[place])
    this.sessions.push(where.identity)
    const at = this.now
    if (random.below(20) === 0) {
      this.view.set(datasetKey(where), new Map())
      return { kind: 'delete', path: where, at, by: 'd' }
    }
    const counts = await this.countsOf(where)
    const next = Math.max(0, ...counts.values()) + 1
    const names = new Set(Array.from({ length: random.below(4) }, () => this.anyKey()))
    const batch: Batch = [...names].map((name) => {
      const base = random.below(10) === 0 ? random.below(5) : (counts.get(name) ?? 0)
      return random.below(4) === 0 ? remove(name, base) : replace(name, this.pick(VALUES), base)
    })
    for (const name of names) counts.set(name, next)
    const device = random.below(2) === 0 ? null : this.pick(DEVICES)
    const id = `s${String(place).padStart(6, '0')}`
    // Numbers of devices rise, and now and then a lower one comes.
    const number = device === null ? 0 : Math.max(1, random.below(10) === 0 ? at - random.below(3_000) : at)
    const origin = { id: device === null ? id : deviceMarkerId(where, device), number, hash: `h${random.below(2)}` }
    return { kind: 'update', path: where, batch, origin, device, at, by: 'd' }
  }

  /** As they will be if all of the group so far is accepted; the first batch of a group in a dataset is always right. */
  private async countsOf(where: DatasetPath): Promise<Map<string, number>> {
    const known = this.view.get(datasetKey(where))
    if (known !== undefined) return known
    const everything = { after: { syncCount: count(0), key: null }, through: null, limit: 1_000 }
    const { records } = await this.store.list(where, everything)
    const counts = new Map<string, number>(records.map(({ key, syncCount }) => [key, syncCount]))
    this.view.set(datasetKey(where), counts)
    return counts
  }
}
