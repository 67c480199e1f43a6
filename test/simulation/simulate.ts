import { createHash } from 'node:crypto'
import type { Violation } from './history.js'
import { drawSwarm, type Swarm } from './swarm.js'
import { Chance } from './world/chance.js'
import type { PortWraps } from './world/sim-device.js'
import type { Situations } from './world/situations.js'
import { World } from './world/world.js'

export type Run = Readonly<{
  seed: number
  violations: readonly Violation[]
  situations: Situations
  /** Edits by apps and writers of the AWS face. */
  operations: number
  events: number
  virtualMs: number
  /** The same for the same seed and code. */
  hash: string
  trace: readonly string[]
  swarm: Swarm
}>

export type RunOptions = Readonly<{ traced?: boolean; wraps?: PortWraps; adjust?: (swarm: Swarm) => Swarm }>

/** One whole story: a storm, then healing, then the proof that nothing was lost, doubled, mixed up or stuck. */
export async function simulate(seed: number, { traced = false, wraps = {}, adjust }: RunOptions = {}): Promise<Run> {
  const chance = new Chance(seed)
  const drawn = drawSwarm(chance.stream('swarm'))
  const swarm = adjust?.(drawn) ?? drawn
  const hash = createHash('sha256')
  const trace: string[] = []
  const world = await World.begin({
    chance,
    swarm,
    wraps,
    trace: (line) => {
      hash.update(line).update('\n')
      if (traced) trace.push(line)
    },
  })
  await world.storm()
  await world.heal()
  world.judge()
  return {
    seed,
    swarm,
    violations: world.violations,
    situations: world.situations,
    operations: world.operations,
    events: world.time.events,
    virtualMs: world.time.now,
    hash: hash.digest('hex'),
    trace,
  }
}
