import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fingerprintOf, OTHER_MASTER_KEYS_MAX } from '../access/keyring.js'
import type { Random } from '../runtime/random.js'
import { syncDirectory } from '../runtime/sync-directory.js'
import { ConfigFault } from './config-fault.js'
import {
  MASTER_KEY_FILE,
  masterKeyOf,
  newMasterKey,
  otherMasterKeyFile,
  otherMasterKeysOf,
} from './master-key-files.js'
import { refusedBySystem } from './read-secret-file.js'
import { readOrCreate, writeDurably } from './secret-file.js'

/** What was done, as a crash behind it would find the directory; tests stop there. */
export type ReplaceStep = 'new key kept' | 'old key kept' | 'draft written' | 'replaced'

/**
 * Makes a new master key the one of a data directory; answers the fingerprints of the old and the new one (KR12).
 *
 * First each of them gets a file of its own, which every later start reads as well; only then is `master.key` replaced, in one step. So
 * wherever this is interrupted, and however often it runs at once, no key under which something was closed is missing.
 */
export function replaceMasterKey(
  dataDir: string,
  random: Random,
  done: (step: ReplaceStep) => void = () => {},
): Readonly<{ from: string; to: string }> {
  const path = join(dataDir, MASTER_KEY_FILE)
  const old = masterKeyOf(dataDir, () => {
    throw new ConfigFault([`there is no ${path} to replace. A server makes it when it starts.`])
  })
  if (otherMasterKeysOf(dataDir, old).length >= OTHER_MASTER_KEYS_MAX) {
    throw new ConfigFault([
      `${dataDir} holds ${OTHER_MASTER_KEYS_MAX} master keys beside the present one already: move those away that "npx satchel keys" says are no longer needed.`,
    ])
  }
  const text = newMasterKey(random)
  const [from, to] = [fingerprintOf(old), fingerprintOf(Buffer.from(text, 'base64'))]
  try {
    keep(join(dataDir, otherMasterKeyFile(to)), text)
    done('new key kept')
    keep(join(dataDir, otherMasterKeyFile(from)), `${old.toString('base64')}\n`)
    done('old key kept')
    const draft = `${path}.${to}.new`
    writeDurably(draft, text)
    done('draft written')
    renameSync(draft, path)
    syncDirectory(dirname(path))
    done('replaced')
  } catch (cause) {
    throw refusedBySystem(`${path} cannot be replaced`, cause)
  }
  return { from, to }
}

function keep(path: string, text: string): void {
  const kept = readOrCreate(path, () => text)
  if (kept.trim() !== text.trim())
    throw new ConfigFault([`${path} holds another master key than the one it is named after.`])
}
