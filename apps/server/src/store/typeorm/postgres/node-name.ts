import { VERSION } from '../../../version.js'

/** What stands before the name of a server among a database's connections; tools have other names. */
export const NODE_PREFIX = 'satchel node '

/** What PostgreSQL keeps of a name. */
const LENGTH_MAX = 63

/** The name of tools, which come and go. */
export const NO_NODE = 'satchel tool'

/** The name by which a database's list of connections shows a server: its host, as far as there is room, its process, and its version. */
export function nodeName({ host, process, nonce }: Readonly<{ host: string; process: number; nonce: string }>): string {
  const unique = ` ${process}-${nonce} ${VERSION}`
  // PostgreSQL replaces everything else.
  const shown = host.replace(/[^\x21-\x7e]/g, '?').slice(0, LENGTH_MAX - NODE_PREFIX.length - unique.length)
  return `${NODE_PREFIX}${shown}${unique}`
}
