import { ConfigFault } from './config-fault.js'
import { errnoOf } from './errno.js'
import { readOrCreate } from './secret-file.js'

/** Behind a fault of a secret file. */
export const SECRET_FILE_REMEDY =
  ' It is never overwritten: restore it from a backup, or move it away to have a new one made.'

/** As `readOrCreate`; what the system refuses is a {@link ConfigFault}. */
export function readSecretFile(path: string, create: () => string): string {
  try {
    return readOrCreate(path, create)
  } catch (cause) {
    throw refusedBySystem(`${path} cannot be read or created`, cause)
  }
}

/** What the system refused is a fault; anything else is a defect and stays one. */
export function refusedBySystem(what: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  return errno === null ? cause : new ConfigFault([`${what} (${errno}).`])
}
