import { AWS_LIMITS, type Limits } from '@satchel/protocol'
import type { Chance } from './world/chance.js'
import { NO_NETWORK_FAULTS, type NetworkFaults } from './world/network-faults.js'

export type PolicyKind =
  | 'remote'
  | 'local'
  | 'last-writer'
  /** Resolvers of the app's own. */
  | 'quick'
  | 'slow'
  | 'deferring'
  | 'throwing'

/** What a run is made of; drawn from its seed, so that runs differ in kind and not only in detail. */
export type Swarm = Readonly<{
  identities: number
  devicesPerIdentity: number
  tabsMax: number
  awsWriters: number
  datasets: readonly string[]
  keys: readonly string[]
  limits: Limits
  tokenLifeMs: number
  policies: readonly PolicyKind[]
  /** Devices that begin as guests of their own and sign in later. */
  guests: boolean
  /** How long the storm lasts, and how long between two things that happen in it, at most. */
  stormMs: number
  gapMsMax: number
  network: NetworkFaults
  storeFaults: Readonly<{ failed: number; unknown: number }>
  diskFaults: Readonly<{ unavailable: number; keptAndFailed: number; exaggeration: number }>
  /** Probability that what happens next is a fault of a process, and not an edit. */
  disasters: number
  equalValues: number
  edgeValues: number
}>

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'theme',
  'ключ',
  '😀',
  ' ',
  'a.b:c',
  'x'.repeat(1_024),
  ...Array.from({ length: 31 }, (_, index) => `k${index}`),
]

const DATASETS = ['prefs', 'notes', '__proto__', 'a.b:c-d']

const SMALL_LIMITS: Limits = {
  recordsPerDatasetMax: 6,
  bytesPerDatasetMax: 400,
  datasetsPerIdentityMax: 2,
  bytesPerIdentityMax: 700,
}

export function drawSwarm(chance: Chance): Swarm {
  /** Half of the runs go without a given fault: what hides behind a fault shows in those. */
  const some = (max: number) => (chance.hit(0.5) ? chance.next() * max : 0)
  const policies: PolicyKind[] = ['remote', 'local', 'last-writer', 'quick', 'slow', 'deferring', 'throwing']
  const keys = chance.weighted([
    [3, 3],
    [3, 8],
    [1, 40],
  ])
  const tabsMax = chance.weighted([
    [3, 1],
    [2, 2],
    [1, 3],
  ])
  return {
    identities: chance.hit(0.3) ? 2 : 1,
    devicesPerIdentity: chance.from(1, 4),
    tabsMax,
    awsWriters: chance.from(0, 2),
    datasets: shuffled(DATASETS, chance).slice(0, chance.from(1, 3)),
    keys: shuffled(KEYS, chance).slice(0, keys),
    limits: chance.hit(0.25) ? SMALL_LIMITS : AWS_LIMITS,
    tokenLifeMs: chance.oneOf([120_000, 3_600_000, 86_400_000]),
    policies: chance.hit(0.4) ? [chance.oneOf(policies)] : policies,
    guests: chance.hit(0.25),
    stormMs: chance.oneOf([30_000, 300_000, 3_600_000]),
    gapMsMax: chance.oneOf([50, 1_000, 20_000]),
    network: {
      ...NO_NETWORK_FAULTS,
      delayMsMax: chance.oneOf([2, 50, 3_000]),
      lose: some(0.2),
      duplicate: some(0.2),
      swallow: some(0.2),
      cut: some(0.2),
      replay: some(0.2),
      busy: some(0.2),
      foreign: some(0.1),
      loseHint: some(0.5),
      ordered: chance.hit(0.7),
    },
    storeFaults: { failed: some(0.1), unknown: some(0.1) },
    diskFaults: {
      unavailable: some(0.05),
      // The browser's journal finds out whether a group is kept before it says anything; only a file, which has one
      // process, may have kept what it said it could not keep.
      keptAndFailed: tabsMax === 1 ? some(0.05) : 0,
      exaggeration: chance.oneOf([1, 300]),
    },
    disasters: chance.oneOf([0, 0.02, 0.1, 0.3]),
    equalValues: some(0.3),
    edgeValues: some(0.3),
  }
}

function shuffled<T>(items: readonly T[], chance: Chance): T[] {
  const left = [...items]
  const taken: T[] = []
  while (left.length > 0) taken.push(...left.splice(chance.below(left.length), 1))
  return taken
}
