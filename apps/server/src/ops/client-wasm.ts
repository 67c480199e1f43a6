import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const gzipped = promisify(gzip)
const require = createRequire(import.meta.url)

/** The SQLite that clients in browsers read from, as the very version of sql.js that is installed here brings it. */
export class ClientWasm {
  readonly bytes: Buffer
  /** The version of sql.js; its script and its WebAssembly fit each other in one version only. */
  readonly version: string
  readonly etag: string
  private compressed: Promise<Buffer> | null = null

  constructor() {
    this.bytes = readFileSync(require.resolve('sql.js/dist/sql-wasm-browser.wasm'))
    this.version = versionIn(require.resolve('sql.js/dist/sql-wasm-browser.wasm'))
    this.etag = `"${createHash('sha256').update(this.bytes).digest('base64url').slice(0, 22)}"`
  }

  /** Half as long on the way; made once, when somebody first asks. */
  gzip(): Promise<Buffer> {
    this.compressed ??= gzipped(this.bytes)
    return this.compressed
  }
}

/** The package exports no manifest, so it is read from beside what it does export. */
function versionIn(file: string): string {
  const manifest = file.replace(/[/\\]dist[/\\][^/\\]+$/, '/package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
