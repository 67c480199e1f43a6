import type { SqlJsStatic } from 'sql.js'
import { CacheUnavailable } from '../cache-unavailable.js'

/** SQLite from the package `sql.js`. Rejects with a {@link CacheUnavailable}. */
export async function loadSql(): Promise<SqlJsStatic> {
  try {
    const { default: initialize } = await import('sql.js')
    return await initialize()
  } catch (error) {
    throw new CacheUnavailable(`sql.js does not load: ${(error as Error).message}`, { cause: error })
  }
}
