import type { Swarm } from '../swarm.js'
import type { Chance } from './chance.js'
import type { Findings } from './findings.js'
import type { SimNetwork } from './sim-network.js'
import type { SimServer } from './sim-server.js'
import type { Situations } from './situations.js'
import type { VirtualTime } from './virtual-time.js'

/** What everybody and everything in a run stands on. */
export type Stage = Readonly<{
  time: VirtualTime
  situations: Situations
  findings: Findings
  swarm: Swarm
  server: SimServer
  network: SimNetwork
  /** The chance by which apps act and disasters come. */
  draw: Chance
}>
