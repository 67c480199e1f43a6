import type { SqlJsStatic } from 'sql.js'
import { CacheUnavailable } from '../cache-unavailable.js'

/** Where a server offers SQLite; below the endpoint. */
export const SQL_WASM_PATH = '/sync/v1/sql-wasm-browser.wasm'

/** The version of sql.js that this code goes with; its JavaScript and its WebAssembly fit no other version. */
export const SQL_VERSION = '1.16.0'

/** The browser's cache that keeps SQLite for when there is no network. */
const CACHE = 'satchel-sql'

let loading: Promise<SqlJsStatic> | null = null

/** sql.js initializes once in a page; when that failed, only another page can. */
let broken: Error | null = null

/**
 * SQLite for a browser, once for all clients of a page: the JavaScript is a chunk of the app's own, the WebAssembly comes
 * from Cache Storage or from `wasmUrl`, and is compiled off the main thread while it comes in. Rejects with a
 * {@link CacheUnavailable} that says what was tried; calling again tries again.
 */
export async function loadSql(endpoint: string, wasmUrl = `${endpoint}${SQL_WASM_PATH}`): Promise<SqlJsStatic> {
  const url = `${wasmUrl}?v=${SQL_VERSION}`
  try {
    return await (loading ??= load(url))
  } catch (error) {
    loading = null
    throw new CacheUnavailable(`SQLite does not load from ${url}: ${(error as Error).message}`, { cause: error })
  }
}

async function load(url: string): Promise<SqlJsStatic> {
  if (broken) throw broken
  const [{ default: initialize }, { compiled, keep }] = await Promise.all([import('sql.js'), compile(url)])
  const sql = await new Promise<SqlJsStatic>((resolve, reject) => {
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Exports => {
      WebAssembly.instantiate(compiled, imports).then(done, (error: Error) => reject((broken = error)))
      return {}
    }
    initialize({ instantiateWasm }).then(resolve, reject)
  })
  // Only now it is known to go with the JavaScript.
  void keep().catch(() => undefined)
  return sql
}

type Compiled = Readonly<{ compiled: WebAssembly.Module; keep: () => Promise<void> }>

async function compile(url: string): Promise<Compiled> {
  // Pages that are no secure context have none, and private windows may refuse it.
  const cache = await globalThis.caches?.open(CACHE).catch(() => undefined)
  const kept = await cache?.match(url).catch(() => undefined)
  if (kept) {
    try {
      return { compiled: await WebAssembly.compileStreaming(kept), keep: () => Promise.resolve() }
    } catch {
      // What was kept is broken; it is replaced below.
    }
  }
  const response = await fetch(url)
  const type = response.headers.get('content-type')
  if (!response.ok || !type?.startsWith('application/wasm')) {
    throw new Error(`the answer was ${response.status} with content of type ${type}`)
  }
  const copy = response.clone()
  return { compiled: await WebAssembly.compileStreaming(response), keep: () => replaceKept(cache, url, copy) }
}

async function replaceKept(cache: Cache | undefined, url: string, response: Response): Promise<void> {
  if (!cache) return
  await cache.put(url, response)
  // Copies for other versions of sql.js.
  for (const { url: kept } of await cache.keys()) {
    if (kept.split('?')[0] === url.split('?')[0] && kept !== url) await cache.delete(kept)
  }
}
