import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url))

/** Starts the server on a free port with a directory that goes with it; answers once it says where it is. */
export async function startServer() {
  const dataDir = mkdtempSync(join(tmpdir(), 'satchel-example-'))
  const env = {
    ...process.env,
    SATCHEL_PORT: '0',
    SATCHEL_DATA_DIR: dataDir,
    SATCHEL_DEMO: 'on',
    SATCHEL_LOG_LEVEL: 'error',
  }
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    const code = await ended
    rmSync(dataDir, { recursive: true })
    return code
  }
  return new Promise((resolve, reject) => {
    const said = { endpoint: null, pool: null }
    const lines = []
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line)
        said.endpoint ??= /^Satchel is ready: (\S+)/.exec(line)?.[1] ?? null
        said.pool ??= /identity pool "demo": (\S+)/.exec(line)?.[1] ?? null
        if (said.endpoint !== null && said.pool !== null) resolve({ ...said, stop })
      })
    }
    void ended.then((code) => reject(new Error(`the server ended (${code}) before it was ready:\n${lines.join('\n')}`)))
  })
}
