import type { BatchLedger } from './batch-ledger.js'
import { faultOfShared, type ClientHistory } from './client-history.js'
import type { ClientProcess, Shown, Told } from './client-process.js'
import { eventually } from './eventually.js'

/** What devices under a `Load` edit: datasets in which each has keys of its own, and one whose keys every device writes. */
export const OWN = ['alpha', 'beta']
export const SHARED = 'shared'
export const DATASETS = [...OWN, SHARED]
const SHARED_KEYS = 4

const SYNC_MS_MAX = 60_000

/** Takes down what a process tells of its edits and batches, and whatever went wrong there. */
export function takeDown(
  told: Told,
  { history, ledger, faults }: Readonly<{ history: ClientHistory; ledger: BatchLedger; faults: string[] }>,
): void {
  switch (told.kind) {
    case 'intent':
      return history.intended(told.intent)
    case 'saved':
      return history.saved(told.n, told.after)
    case 'batch':
      return ledger.sent(told.batch)
    case 'answer':
      return ledger.answered(told.answer)
    case 'failed':
    case 'fault':
      return void faults.push(`${history.device}: ${JSON.stringify(told)}`)
    case 'started':
    case 'outcome':
    case 'status':
    case 'changed':
    case 'reply':
      return
  }
}

/** What a client shows, by dataset. */
export const shownBy = async (client: ClientProcess): Promise<Record<string, Shown>> =>
  Object.fromEntries(await Promise.all(DATASETS.map(async (name) => [name, await client.show(name)] as const)))

/** Brings every client up to everything, and answers what each shows then. */
export async function converged(clients: readonly ClientProcess[]): Promise<readonly Record<string, Shown>[]> {
  // First everybody's edits get in, then everybody fetches those of the others; a clash lost in the first is sent in the second.
  for (let round = 0; round < 3; round++) {
    await Promise.all(clients.map((client) => eventually(() => client.synchronize(), SYNC_MS_MAX)))
  }
  return Promise.all(clients.map(shownBy))
}

/** What is wrong with the keys that every device writes, as they are shown at the end; see `faultOfShared`. */
export function sharedFaults(
  shown: Readonly<Record<string, Shown>>,
  histories: readonly ClientHistory[],
): readonly string[] {
  const held = new Map(shown[SHARED]!.entries)
  const keys = Array.from({ length: SHARED_KEYS }, (_, n) => `shared.${n}`)
  return keys.flatMap((key) => faultOfShared({ dataset: SHARED, key, value: held.get(key) ?? null }, histories) ?? [])
}
