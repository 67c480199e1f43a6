import { JournalFault } from '../../journal/journal.js'
import type { Clock } from '../../runtime/clock.js'

/** How long a database may take to open. Some browsers never answer; that has to become a fault, not a silence. */
const OPEN_WAIT_MS = 10_000

/** Opens an IndexedDB database at version 1; rejects with the browser's error, or what `upgrade` threw. */
export function openDatabase(
  name: string,
  clock: Clock,
  upgrade: (database: IDBDatabase, transaction: IDBTransaction) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1)
    let refusal: unknown
    let late = false
    const cancel = clock.after(OPEN_WAIT_MS, () => {
      late = true
      reject(new Error(`the database did not open within ${OPEN_WAIT_MS} ms`))
    })
    opening.onupgradeneeded = () => {
      try {
        upgrade(opening.result, opening.transaction!)
      } catch (error) {
        refusal = error
        opening.transaction!.abort()
      }
    }
    opening.onerror = () => {
      cancel()
      reject(asError(refusal ?? opening.error))
    }
    opening.onsuccess = () => {
      cancel()
      const database = opening.result
      // Whoever wants to delete or upgrade the database does not have to wait for us.
      database.onversionchange = () => database.close()
      if (late) database.close()
      else resolve(database)
    }
  })
}

/**
 * Runs one transaction, durably; resolves with what `act`'s answer gives once it is complete. It settles whichever way
 * the transaction ends: a quota is told by `abort` alone, a lost connection by `close` alone. `refuse` aborts it with an
 * error of our own.
 */
export function transact<T>(
  database: IDBDatabase,
  stores: string[],
  mode: IDBTransactionMode,
  act: (transaction: IDBTransaction, refuse: (error: Error) => void) => () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode, { durability: 'strict' })
    let cause: unknown
    const fail = (): void => {
      database.removeEventListener('close', fail)
      reject(asError(cause ?? transaction.error))
    }
    const refuse = (error: unknown): void => {
      cause ??= error
      try {
        transaction.abort()
      } catch {
        fail() // It had ended by itself.
      }
    }
    database.addEventListener('close', fail)
    transaction.onabort = fail
    transaction.onerror = ({ target }) => (cause ??= (target as IDBRequest).error)
    let result: () => T
    transaction.oncomplete = () => {
      database.removeEventListener('close', fail)
      resolve(result())
    }
    try {
      result = act(transaction, refuse)
    } catch (error) {
      refuse(error)
    }
  })
}

/** Removes a database and what is in it, even where another tab that has it open does not let go of it. */
export async function deleteDatabase(name: string, clock: Clock): Promise<void> {
  const database = await openDatabase(name, clock, () => undefined)
  const stores = [...database.objectStoreNames]
  if (stores.length) {
    await transact(database, stores, 'readwrite', (transaction) => {
      for (const store of stores) transaction.objectStore(store).clear()
      return () => undefined
    })
  }
  database.close()
  await new Promise<void>((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(name)
    // Blocked: it is empty, and goes as soon as the other tab closes it.
    deleting.onsuccess = deleting.onblocked = () => resolve()
    deleting.onerror = () => reject(asError(deleting.error))
  })
}

const asError = (error: unknown): Error =>
  (error as Error | null | undefined) ??
  new DOMException('the connection to the database was lost', 'InvalidStateError')

/** What a browser's error means to those who keep something in a database. */
export function databaseFault(error: unknown, name: string): JournalFault {
  if (error instanceof JournalFault) return error
  const { name: kind, message } = error as Error
  const because = (told: string): string => `"${name}" ${told}: ${kind} ${message}`
  if (kind === 'QuotaExceededError') return new JournalFault('full', because('has no room'), { cause: error })
  if (kind === 'VersionError')
    return new JournalFault('newer-format', because('is of a newer version'), { cause: error })
  return new JournalFault('unavailable', because('cannot be used'), { cause: error })
}
