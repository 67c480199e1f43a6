import { readConfig } from '../config.js'
import { ConfigFault } from '../config-fault.js'

/** Why a server with these settings does not start; nothing when it does. */
export function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env)
  } catch (cause) {
    if (cause instanceof ConfigFault) return cause.faults
    throw cause
  }
  return []
}
